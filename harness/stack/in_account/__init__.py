"""Stacks in a real account: what is asked before, what is known of them here, and how they go again."""

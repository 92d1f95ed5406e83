"""Deploying to a real account, and proving that nothing stays there."""

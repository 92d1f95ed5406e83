"""Locust's web UI for a load that follows a schedule, with the pipeline's live state as a tab of its own."""

"""What single sections of the page show, worked out from the summary and the series of a run."""

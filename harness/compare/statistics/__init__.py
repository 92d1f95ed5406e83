"""What two sets of runs differ by, and how sure that is. Nothing here knows of folders or pages."""

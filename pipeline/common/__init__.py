"""What every part of the pipeline uses: events, identity of a file, times, settings."""

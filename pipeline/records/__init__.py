"""The metadata table: rows, their states, and what may follow what."""

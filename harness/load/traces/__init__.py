"""Arrivals from a record of the past: files of rows with a time each.

rows.py          what a row is, and how its cells are read
csv_file.py      a CSV file → rows
parquet_file.py  a Parquet file → rows
transfer_log.py  the JSON log of AWS Transfer Family → rows
source.py        which of them reads a trace, and rows that come late put in their place
survey.py        a whole trace looked through before the load: what is wrong with it, and what is in it
replay.py        rows → offsets, sizes and customers

Nothing here holds a whole trace in memory.
"""

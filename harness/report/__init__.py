"""Renderings of a finished run.

`summary.json` is the contract. Everything else in a run folder (`report.html`, `summary.md`, `junit.xml`) is
rendered from `summary.json`, `series.json` and `files.parquet`, so `floodgate report DIR` can do it again.
Nothing here measures or judges: counts, percentiles and verdicts come from `harness.measure`.
"""

"""`floodgate serve`: Locust's web UI that stays up, from which one run after the other is started.

README.md beside this file lists options, variables and requests. The service itself runs nothing: each run is
a `floodgate run` of its own, which the service starts, whose live state it reads from the files beside the
ledger, and of whose end it hears by the exit code and `summary.json`.
"""

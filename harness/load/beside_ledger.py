"""Names of files beside a ledger while a run goes on. Imports nothing, so that anybody may use it."""

from __future__ import annotations

WEB_FILE = "web.json"
"""Where the load process serves its web UI: `url`."""
LIVE_FILE = "live.json"
"""What the run has found out about its files so far, once a second."""
MASTER_FILE = "master.json"
"""Where the master of several load processes listens, and who is there."""

"""How one upload is named everywhere.

The pipeline computes the same value in `pipeline/common/identity.py`; the harness never imports pipeline
code, so a test holds the two together.
"""

from __future__ import annotations

import hashlib


def file_id(bucket: str, key: str, version_id: str) -> str:
    """Return the stable id of one upload: 32 hex digits of SHA-256 over bucket, version id and key.

    The parts are joined by NUL; only the key, which comes last, could hold one itself.
    """
    return hashlib.sha256(f"{bucket}\0{version_id}\0{key}".encode()).hexdigest()[:32]


def ledger_id(run_id: str, sequence: int) -> str:
    """Return the id that a generated file carries in its key: `<run_id>-<sequence>`."""
    return f"{run_id}-{sequence:07d}"

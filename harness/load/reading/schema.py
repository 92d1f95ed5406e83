"""The JSON schema of workload files: made from the model, published beside it.

`workload.schema.json` is what editors are pointed to; a test holds it equal to what is made here.
`floodgate scenarios --schema > harness/load/workload.schema.json` writes it anew.
"""

from __future__ import annotations

import json
from typing import Any

from harness.load.workload import Workload


def schema() -> dict[str, Any]:
    """Return the schema: https://json-schema.org/draft/2020-12/schema."""
    made = Workload.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "Floodgate workload",
        "description": "What is offered to the pipeline: `floodgate run my-workload.yaml`",
    }


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), indent=2) + "\n"

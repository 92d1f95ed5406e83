"""`/_floodgate/faults`: GET lists the rules and their counts, PUT replaces them, POST adds, DELETE clears.

PUT and POST take `{"rules": […], "seed": 0}`, the rules as `harness.faults` makes them. Imports LocalStack.
"""

from __future__ import annotations

import json
from typing import Any

from localstack.http import Request, Response

from floodgate_localstack.faults import gateway
from floodgate_localstack.faults.layer import LAYER
from floodgate_localstack.faults.rules import BadRuleError, RuleSpec

PATH = "/_floodgate/faults"


def answer(request: Request) -> Response:
    """Answer one request."""
    if request.method == "DELETE":
        return _json(LAYER.clear())
    if request.method == "GET":
        return _json(LAYER.to_json())
    try:
        specs, seed = _read(request)
    except BadRuleError as exc:
        return _json({"message": str(exc)}, status=400)
    (LAYER.replace if request.method == "PUT" else LAYER.add)(specs, seed)
    return _json(LAYER.to_json())


def _read(request: Request) -> tuple[list[RuleSpec], int]:
    try:
        document = json.loads(request.get_data())
        return [RuleSpec.from_json(rule) for rule in document["rules"]], int(document.get("seed", 0))
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        raise BadRuleError(f'the body must be {{"rules": [...], "seed": 0}}: {exc}') from exc


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, mimetype="application/json")


def apply() -> None:
    """Serve the API."""
    from localstack.services.edge import ROUTER

    LAYER.listeners.append(gateway.install)
    ROUTER.add(PATH, lambda request, **_: answer(request), methods=["GET", "PUT", "POST", "DELETE"])

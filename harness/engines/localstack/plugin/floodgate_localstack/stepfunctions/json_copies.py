"""Copies of JSON values and of program states without `copy.deepcopy`. Imports LocalStack.

The interpreter copies the input of a state about ten times on its way through.
"""

from __future__ import annotations

import copy
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.stepfunctions.json_values import copied
from floodgate_localstack.versions import named_patch

_ASL = "localstack.services.stepfunctions.asl"
_MODULES = (
    f"{_ASL}.eval.states",
    f"{_ASL}.eval.environment",
    f"{_ASL}.component.common.string.string_expression",
    f"{_ASL}.component.common.path.result_path",
    f"{_ASL}.component.state.state_execution.execute_state",
    f"{_ASL}.component.state.state_execution.state_task.service.state_task_service",
)


@named_patch("sfn-json-copies")
def apply() -> None:
    from localstack.services.stepfunctions.asl.eval.program_state import ProgramState
    from localstack.services.stepfunctions.backend.state_machine import StateMachineInstance

    for name in _MODULES:
        replace(import_module(name), "copy", SimpleNamespace(deepcopy=copied, copy=copy.copy))
    # Their attributes are replaced and never changed in place, so a copy of the object alone is as good.
    ProgramState.__deepcopy__ = _shallow
    StateMachineInstance.__deepcopy__ = _shallow


def _shallow(self: Any, _memo: dict[int, Any]) -> Any:
    return copy.copy(self)

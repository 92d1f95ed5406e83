"""Definitions and JSONPaths are parsed once, not for each execution and each evaluation. Imports LocalStack.

LocalStack builds the grammar tables of its JSONPath parser anew for each path that it evaluates, and runs
ANTLR over the definition for each execution.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_PATHS_KEPT = 4096
_DEFINITIONS_KEPT = 64
_STATEFUL_TYPE = '"Map"'
"""A Map state keeps what it runs in the parsed program itself, so that one cannot serve two executions."""


@named_patch("sfn-json-paths")
def apply_json_paths() -> None:
    from localstack.services.stepfunctions.asl.component.common.path import result_path
    from localstack.services.stepfunctions.asl.utils import json_path

    for module in (json_path, result_path):
        replace(module, "parse", lru_cache(_PATHS_KEPT)(module.parse))


@named_patch("sfn-definitions")
def apply_definitions() -> None:
    from localstack.services.stepfunctions.asl.parse.asl_parser import AmazonStateLanguageParser

    def parse(definition: str) -> Any:
        return (original if _STATEFUL_TYPE in definition else parsed_once)(definition)

    original = replace(AmazonStateLanguageParser, "parse", staticmethod(parse))
    parsed_once = lru_cache(_DEFINITIONS_KEPT)(original)


@named_patch("sfn-api-shapes")
def apply_api_shapes() -> None:
    """A task looks for the shapes of its API call by name, converting the names of all operations twice."""
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
        state_task_service,
    )

    task = state_task_service.StateTaskService
    for name in ("_get_boto_operation_model", "_to_sfn_cased"):
        replace(task, name, staticmethod(lru_cache(_PATHS_KEPT)(getattr(task, name))))
    replace(
        state_task_service,
        "camel_to_snake_case",
        lru_cache(_PATHS_KEPT)(state_task_service.camel_to_snake_case),
    )


def apply() -> None:
    apply_json_paths()
    apply_definitions()
    apply_api_shapes()

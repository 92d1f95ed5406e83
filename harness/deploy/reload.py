"""Gives a running stack new code in place: its functions, and the definitions of its state machines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.aws import client, translated
from harness.deploy import package, pipeline_files
from harness.deploy.artifacts import Artifacts
from harness.deploy.record import DeploymentRecord
from harness.deploy.reloadable import Machine, Reloadable
from harness.engines.base import EngineInfo, Progress
from harness.exceptions import DeployError, UsageError

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True)
class Updated:
    """What was given something new."""

    functions: tuple[str, ...]
    machines: tuple[str, ...]
    code: dict[str, str]
    """`bucket` and `key` of the package that runs now."""

    def __str__(self) -> str:
        parts = [
            f"{what} {', '.join(names)}"
            for what, names in (("functions", self.functions), ("state machines", self.machines))
            if names
        ]
        return " and ".join(parts) or "nothing"


class Reloader:
    """Watches nothing itself: `update` compares what is there now with what it gave the engine last.

    :param handlers: the user's own handlers folder; None stands for the pipeline's code
    :param work_dir: the deployment's
    """

    def __init__(self, engine: EngineInfo, handlers: Path | None, work_dir: Path, progress: Progress) -> None:
        self._engine = engine
        self._handlers = handlers
        self._progress = progress
        self._targets = Reloadable.read(work_dir)
        record = DeploymentRecord.read(work_dir)
        if record is None:
            raise DeployError("this stack cannot be given new code in place")
        self._artifacts = Artifacts(client("s3", engine), engine, record.artifact_folder)
        self._sha256 = package.build(progress, handlers).sha256 if self._targets.functions else ""
        self._definitions = self._read_definitions()

    def update(self) -> Updated:
        """Bring functions and state machines to what the files are now.

        :raises UsageError: a file cannot be compiled, with the line; nothing has been changed then
        :raises InstallError: the packages of `requirements.txt` could not be fetched
        :raises AwsError: the engine refuses the code or a definition
        :raises StackLostError: the engine is gone
        """
        require_compilable(self._handlers)
        functions, code = self._update_functions()
        return Updated(functions, self._update_machines(), code)

    def _update_functions(self) -> tuple[tuple[str, ...], dict[str, str]]:
        if not self._targets.functions:
            return (), {}
        built = package.build(self._progress, self._handlers)
        if built.sha256 == self._sha256:
            return (), {}
        located = self._artifacts.put_code(built.path)
        bucket, key = located["CodeBucket"], located["CodeKey"]
        functions = client("lambda", self._engine)
        for name in self._targets.functions:
            with translated(f"updating the function {name}"):
                functions.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key=key)
                functions.get_waiter("function_updated_v2").wait(
                    FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
                )
        self._sha256 = built.sha256
        return self._targets.functions, {"bucket": bucket, "key": key}

    def _update_machines(self) -> tuple[str, ...]:
        now = self._read_definitions()
        changed = [each for each in self._targets.machines if now[each.file] != self._definitions[each.file]]
        states = client("stepfunctions", self._engine)
        for machine in changed:
            with translated(f"updating the state machine {_name(machine)}"):
                states.update_state_machine(
                    stateMachineArn=machine.arn,
                    definition=substituted(now[machine.file], machine.substitutions),
                )
        self._definitions = now
        return tuple(_name(machine) for machine in changed)

    def _read_definitions(self) -> dict[str, str]:
        files = {path.name: path for path in pipeline_files.definitions(self._handlers)}
        try:
            return {each.file: files[each.file].read_text() for each in self._targets.machines}
        except (KeyError, FileNotFoundError) as exc:
            raise UsageError(f"the definition {exc} of a state machine is gone") from exc


def require_compilable(handlers: Path | None) -> None:
    """Check every Python file of the code.

    :raises UsageError: with file, line and cause of each that cannot be compiled
    """
    problems = []
    for _, path in pipeline_files.code(handlers).files:
        if path.suffix == ".py":
            try:
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as exc:
                line = getattr(exc, "lineno", None)
                problems.append(f"{path}:{line or 1}: {getattr(exc, 'msg', exc)}")
    if problems:
        raise UsageError("\n".join(problems), hint="mend it and save; the old code goes on running")


def substituted(definition: str, substitutions: dict[str, str]) -> str:
    """Put values into a definition as CloudFormation does; other `${…}` stay."""
    return _VARIABLE.sub(partial(_value, substitutions), definition)


def _value(substitutions: dict[str, str], found: re.Match[str]) -> str:
    return str(substitutions.get(found.group(1), found.group(0)))


def _name(machine: Machine) -> str:
    return machine.arn.rpartition(":")[2]

"""One thread for an execution, and an end that comes when it is due. Imports LocalStack.

LocalStack uses two threads for each execution and one for each try of a task. A machine's timeout or a
StopExecution becomes visible only when the running task has ended; on AWS, and here, the execution ends at
once, its history is closed, and what the task still does has no effect.
"""

from __future__ import annotations

import threading
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.stepfunctions.deadlines import DEADLINES
from floodgate_localstack.stepfunctions.worker_threads import WORKERS, NoThreads, ReusedThread
from floodgate_localstack.versions import named_patch

_TERMINAL = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})


@named_patch("sfn-threads")
def apply_threads() -> None:
    from localstack.services.stepfunctions.asl.component.state.state_execution import execute_state

    replace(execute_state, "Thread", ReusedThread)
    replace(execute_state, "TMP_THREADS", NoThreads())


@named_patch("sfn-ends")
def apply_ends() -> None:
    from localstack.services.stepfunctions.asl.component.program.program import Program
    from localstack.services.stepfunctions.asl.eval.environment import Environment
    from localstack.services.stepfunctions.asl.eval.event.event_manager import EventManager
    from localstack.services.stepfunctions.backend.execution import BaseExecutionWorkerCommunication
    from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

    replace(Program, "eval", _eval_program)
    replace(ExecutionWorker, "start", _start)
    replace(ExecutionWorker, "stop", _stop)
    replace(ExecutionWorker, "_execution_logic", _run)
    _close_histories(EventManager)
    _close_frames(Environment)
    _end_once(BaseExecutionWorkerCommunication)


def ended_event(execution: Any) -> threading.Event:
    """Return the event that is set when the execution has ended and its status can be read."""
    event: threading.Event = execution.__dict__.setdefault("_floodgate_ended", threading.Event())
    return event


def _close_histories(event_manager: Any) -> None:
    def add_event(self: Any, context: Any, event_type: Any, *args: Any, **kwargs: Any) -> int:
        state = self.__dict__
        if "_floodgate_closed" in state or "_floodgate_closed" in context.__dict__:
            return int(context.last_published_event_id)
        if str(event_type) in _TERMINAL:
            mine = object()
            if state.setdefault("_floodgate_closed", mine) is not mine:
                return int(context.last_published_event_id)
        return int(original(self, context, event_type, *args, **kwargs))

    original = replace(event_manager, "add_event", add_event)


def _close_frames(environment: Any) -> None:
    """What a task still reports after its timeout is no event of the execution any more."""

    def close_frame(self: Any, frame: Any) -> None:
        frame.event_history_context._floodgate_closed = True
        original(self, frame)

    original = replace(environment, "close_frame", close_frame)


def _end_once(communication: Any) -> None:
    def terminated(self: Any) -> None:
        mine = object()
        if self.__dict__.setdefault("_floodgate_terminated", mine) is not mine:
            return
        try:
            original(self)
        finally:
            ended_event(self.execution).set()

    original = replace(communication, "terminated", terminated)


def _start(self: Any) -> None:
    """Replaces `ExecutionWorker.start`: it can be stopped from the moment on that this returns."""
    _prepare(self)
    WORKERS.run(self._execution_logic)


def _prepare(self: Any) -> None:
    program = self._get_evaluation_entrypoint()
    self.env = self._get_evaluation_environment()
    if start_at := getattr(program, "start_at", None):  # TestState's program of one state has none
        self.env.next_state_name = start_at.start_at_name
    self._floodgate_program = program


def _run(self: Any) -> None:
    """Replaces `ExecutionWorker._execution_logic`: run to the end."""
    from localstack.aws.api.stepfunctions import HistoryEventType

    if self.env is None:
        _prepare(self)
    self.env.event_manager.add_event(
        context=self.env.event_history_context,
        event_type=HistoryEventType.ExecutionStarted,
        event_details=_started_details(self._evaluation_details),
        update_source_event_id=False,
    )
    program = self._floodgate_program
    timeout = getattr(program, "timeout_seconds", None)
    deadline = DEADLINES.after(timeout.timeout_seconds, lambda: _time_out(self)) if timeout else None
    program.eval(self.env)
    if deadline:
        deadline.cancel()
    self._execution_communication.terminated()


def _started_details(evaluation: Any) -> Any:
    from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

    return {
        "executionStartedEventDetails": {
            "input": to_json_str(evaluation.execution_details.inpt),
            "inputDetails": {"truncated": False},
            "roleArn": evaluation.aws_execution_details.role_arn,
        }
    }


def _eval_program(self: Any, env: Any) -> None:
    """Replaces `Program.eval`, for executions and for branches of Parallel and Map: no thread of its own."""
    from localstack.services.stepfunctions.asl.component.eval_component import EvalComponent
    from localstack.services.stepfunctions.asl.eval.program_state import ProgramRunning

    if env._program_state is None or isinstance(env._program_state, ProgramRunning):
        env.next_state_name = self.start_at.start_at_name
    EvalComponent.eval(self, env)


def _stop(self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
    """Replaces `ExecutionWorker.stop`: an execution that has ended by itself is left as it is."""
    from localstack.aws.api.stepfunctions import HistoryEventType
    from localstack.services.stepfunctions.asl.eval.program_state import ProgramStopped

    self.env.set_stop(stop_date=stop_date, cause=cause, error=error)
    if isinstance(self.env.program_state(), ProgramStopped):
        details = {"executionAbortedEventDetails": {"error": error, "cause": cause}}
        _end_now(self, HistoryEventType.ExecutionAborted, details)


def _time_out(self: Any) -> None:
    from localstack.aws.api.stepfunctions import HistoryEventType

    if self.env.is_running():
        self.env.set_timed_out()
        _end_now(self, HistoryEventType.ExecutionTimedOut, {"executionTimedOutEventDetails": {}})


def _end_now(self: Any, event_type: Any, details: Any) -> None:
    context = self.env.event_history_context
    if str(event_type) == "ExecutionAborted":
        context.source_event_id = 0  # as LocalStack has it, and AWS
    self.env.event_manager.add_event(context=context, event_type=event_type, event_details=details)
    self._execution_communication.terminated()


def apply() -> None:
    apply_threads()
    apply_ends()

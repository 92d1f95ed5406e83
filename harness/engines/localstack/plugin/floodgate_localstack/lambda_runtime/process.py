"""One runtime process: started through awslambdaric, with its channel and its scratch folder."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from floodgate_localstack.lambda_runtime.channel import Channel, Received
from floodgate_localstack.lambda_runtime.child_environ import child_environ
from floodgate_localstack.lambda_runtime.function_spec import FunctionSpec
from floodgate_localstack.lambda_runtime.log_capture import LogCapture
from floodgate_localstack.lambda_runtime.settings import Settings
from floodgate_localstack.lambda_runtime.spawner import Command, Spawner


class RuntimeProcess:
    """Exists from the start of its process until `close`.

    `kill` may be called from any thread; everything else by one caller at a time.
    """

    def __init__(
        self,
        function: FunctionSpec,
        settings: Settings,
        spawner: Spawner,
        capture: LogCapture,
        scratch: Path,
        engine_variables: Mapping[str, object],
        body_limit_bytes: int,
    ) -> None:
        """Start the process. Raises OSError where that is not possible."""
        self._scratch = scratch
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._channel = Channel(capture, body_limit_bytes)
        self.parked: Received | None = None
        try:
            telemetry_fd = os.dup(self._channel.child_output_fd)
            environ = child_environ(
                engine_variables,
                python=settings.python,
                runtime=function.runtime,
                runtime_api=self._channel.address,
                task_root=function.task_root,
                scratch=scratch,
                telemetry_fd=telemetry_fd,
            )
            arguments = [settings.python, "-m", "awslambdaric", function.handler]
            output_fd = self._channel.child_output_fd
            command = Command(arguments, environ, function.task_root, output_fd, (telemetry_fd,))
            try:
                self._group = spawner.spawn(command)
            finally:
                os.close(telemetry_fd)
        except OSError:
            self._channel.close()
            raise
        self._channel.attach(self._group)

    @property
    def pid(self) -> int:
        """Process id, which is also the number of the process group."""
        return self._group.pid

    def receive(self, deadline_s: float) -> Received:
        """The next call of the runtime; raises as `Channel.receive`."""
        return self._channel.receive(deadline_s)

    def read_output(self) -> None:
        """Take over all output that is there now."""
        self._channel.read_output()

    def has_exited(self) -> bool:
        """Whether the process has ended."""
        return self._group.has_exited()

    def peak_memory_mb(self) -> int:
        """Peak resident memory in MB; 0 where the process has ended or the system does not tell."""
        return self._group.peak_memory_mb()

    def kill(self) -> None:
        """Kill the process and whatever it started."""
        self._group.kill()

    def close(self) -> int:
        """Kill, take the last output, release everything, and return the process's return code."""
        code = self._group.reap()
        self._channel.read_output()
        self._channel.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        return code

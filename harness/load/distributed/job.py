"""What a worker is told: the master's configuration, with the files that it names.

A file that the worker's machine has too, with the same content, is used where it lies, so that a scenario
finds what lies beside it; others are written to the worker's own folder for the time of the run.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

from harness.exceptions import UsageError
from harness.load.config import LoadConfig
from harness.load.distributed.messages import Job
from harness.load.profiles.model import Trace
from harness.load.workload import Workload

_MINE = ("ledger_dir", "master", "web_ui", "shard", "shards", "worker")
"""What of the master's configuration is not about the load."""


def job_for(
    config: LoadConfig, scenario: Path, workload: Workload, files: dict[str, bytes], shard: int, shards: int
) -> Job:
    """Return the job of one worker.

    :param files: see `files_of`
    """
    told = config.model_dump(mode="json", exclude=set(_MINE)) | {
        "scenario": str(scenario),
        "workload": workload.model_dump(mode="json"),
        "shard": shard,
        "shards": shards,
        "worker": str(shard + 1),
    }
    return Job(config=told, files=files)


def files_of(config: LoadConfig, scenario: Path, workload: Workload) -> dict[str, bytes]:
    """Return the files that a worker needs, by path; raises `UsageError` when one cannot be read."""
    names = {str(scenario), *(str(user.private_key_file) for user in config.users)}
    if isinstance(workload.profile, Trace):
        names.add(workload.profile.path)
    return {name: _content(Path(name)) for name in sorted(names)}


def unpack(job: Job, folder: Path, master_host: str) -> LoadConfig:
    """Return the worker's configuration.

    :param folder: the worker's own, for files that are not on its machine; private
    :param master_host: where the master was found, for an SFTP server that only says "this machine"
    """
    places = {
        name: _place(name, data, folder / str(n)) for n, (name, data) in enumerate(job["files"].items())
    }
    told: dict[str, Any] = job["config"]
    told["ledger_dir"] = str(folder)
    told["scenario"] = places[told["scenario"]]
    for user in told["users"]:
        user["private_key_file"] = places[user["private_key_file"]]
    profile = told["workload"]["profile"]
    if profile.get("path") in places:
        profile["path"] = places[profile["path"]]
    told["sftp"]["host"] = reachable(told["sftp"]["host"], master_host)
    return LoadConfig.model_validate(told)


def forget_keys(config: LoadConfig, folder: Path) -> None:
    """Once they are read, have no copies of the keys on the disk: who is killed cleans up nothing."""
    for user in config.users:
        if user.private_key_file.is_relative_to(folder):
            user.private_key_file.unlink(missing_ok=True)


def reachable(host: str, master_host: str) -> str:
    """Return the address for `host` as the master knows it: its loopback is not the worker's."""
    if host == "localhost":
        return master_host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return master_host if address.is_loopback or address.is_unspecified else host


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read for the workers: {exc.strerror}") from exc


def _place(name: str, data: bytes, folder: Path) -> str:
    path = Path(name)
    try:
        if path.read_bytes() == data:
            return name
    except OSError:
        pass  # another machine, or another user
    folder.mkdir(parents=True)
    copy = folder / path.name
    copy.touch(mode=0o600)
    copy.write_bytes(data)
    return str(copy)

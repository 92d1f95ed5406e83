"""The public description of a stack: what `floodgate status --json` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from harness.engines.base import EngineInfo

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class SftpEndpoint:
    """Where the SFTP front end listens, and how to recognise it (`SHA256:…`)."""

    host: str
    port: int
    host_key_fingerprint: str
    server_id: str
    workers: int = 1
    """Processes that serve it."""


@dataclass(frozen=True)
class TransferEndpoint:
    """Where the Transfer API answers: `aws transfer … --endpoint-url`. Empty where nothing does."""

    endpoint_url: str = ""
    authorisation: str = "iam"
    """`mapped` where the engine has no IAM: users may do all that their home reaches."""


@dataclass(frozen=True)
class SftpUser:
    """One login. `home` is what `pwd` shows after login."""

    name: str
    private_key_file: str
    home: str = "/"


@dataclass(frozen=True)
class StackDescription:
    """Everything that a client of a running stack needs."""

    name: str
    engine: EngineInfo
    route: str
    sftp: SftpEndpoint
    users: list[SftpUser]
    buckets: dict[str, str]
    """`source` and `destination` bucket names."""
    table: str
    """The metadata table; empty where the user's own pipeline has none."""
    queues: dict[str, str]
    """Queue URLs: `work` and `dlq` (neither on `direct` and `nested`), `undelivered_events`, `ingress`,
    `recorder` and `recorder_dlq`, each where the route has it."""
    functions: dict[str, str]
    """Role in the pipeline, such as `worker`, to function name."""
    state_machines: dict[str, str] = field(default_factory=dict)
    """`transfer_file`, `parent` and `child` to ARN, each where the route has it."""
    log_groups: list[str] = field(default_factory=list)
    template_sha256: str = ""
    handlers_sha256: str = ""
    differs_from_aws: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    """`route`, `fifo`, `pipe`, `recording`, and `parameters`: the template parameters in effect."""
    outputs: dict[str, str] = field(default_factory=dict)
    """All outputs of the CloudFormation stack, by their names in the template."""
    stand_ins: list[dict[str, Any]] = field(default_factory=list)
    """Resources that the harness does the work of: `logical_id`, `type`, and `properties`, all resolved."""
    transfer: TransferEndpoint = TransferEndpoint()

    def to_json(self) -> dict[str, Any]:
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> StackDescription:
        fields = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        return cls(
            **{
                **fields,
                "engine": EngineInfo(**data["engine"]),
                "sftp": SftpEndpoint(**data["sftp"]),
                "transfer": TransferEndpoint(**data.get("transfer", {})),
                "users": [SftpUser(**user) for user in data["users"]],
            }
        )

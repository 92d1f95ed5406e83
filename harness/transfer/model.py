"""What the control plane keeps. Names of fields are those of the Transfer Family API, so that a record goes
to the wire and comes from a template as it is. Times are seconds since the epoch.

https://docs.aws.amazon.com/transfer/latest/APIReference/API_Types.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

ServerState: TypeAlias = Literal["OFFLINE", "ONLINE", "STARTING", "STOPPING", "START_FAILED", "STOP_FAILED"]
ProviderType: TypeAlias = Literal["SERVICE_MANAGED", "API_GATEWAY", "AWS_DIRECTORY_SERVICE", "AWS_LAMBDA"]
LoginMethods: TypeAlias = Literal[
    "PASSWORD", "PUBLIC_KEY", "PUBLIC_KEY_OR_PASSWORD", "PUBLIC_KEY_AND_PASSWORD"
]
HomeType: TypeAlias = Literal["PATH", "LOGICAL"]


class Record(BaseModel):
    """A frozen record; a member that the API does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def wire(self) -> dict[str, Any]:
        """Return the record as the API shows it: plain JSON types, without the members that have no value."""
        return self.model_dump(mode="json", exclude_none=True)


class Tag(Record):
    Key: str
    Value: str


class Endpoint(Record):
    AddressAllocationIds: tuple[str, ...] | None = None
    SubnetIds: tuple[str, ...] | None = None
    VpcEndpointId: str | None = None
    VpcId: str | None = None
    SecurityGroupIds: tuple[str, ...] | None = None


class IdentityProvider(Record):
    """`Url` and `InvocationRole` belong to API_GATEWAY, `Function` to AWS_LAMBDA."""

    Url: str | None = None
    InvocationRole: str | None = None
    DirectoryId: str | None = None
    Function: str | None = None
    SftpAuthenticationMethods: LoginMethods | None = None


class Proxy(Record):
    SftpMode: Literal["NONE", "PROXY_PROTOCOL_V2_ENFORCED"] | None = None


class ProtocolOptions(Record):
    PassiveIp: str | None = None
    TlsSessionResumptionMode: Literal["DISABLED", "ENABLED", "ENFORCED"] | None = None
    SetStatOption: Literal["DEFAULT", "ENABLE_NO_OP"] | None = None
    SftpPorts: tuple[int, ...] | None = None
    As2Transports: tuple[str, ...] | None = None
    ProxyConfig: Proxy | None = None


class StorageOptions(Record):
    DirectoryListingOptimization: Literal["ENABLED", "DISABLED"] = "DISABLED"


class WorkflowTrigger(Record):
    WorkflowId: str
    ExecutionRole: str


class WorkflowTriggers(Record):
    OnUpload: tuple[WorkflowTrigger, ...] = ()
    OnPartialUpload: tuple[WorkflowTrigger, ...] = ()


class Server(Record):
    """One file transfer server. What is not given has the value that `CreateServer` gives it."""

    ServerId: str
    Arn: str
    State: ServerState = "OFFLINE"
    Domain: Literal["S3", "EFS"] = "S3"
    EndpointType: Literal["PUBLIC", "VPC", "VPC_ENDPOINT"] = "PUBLIC"
    EndpointDetails: Endpoint | None = None
    IdentityProviderType: ProviderType = "SERVICE_MANAGED"
    IdentityProviderDetails: IdentityProvider | None = None
    Protocols: tuple[Literal["SFTP", "FTP", "FTPS", "AS2"], ...] = ("SFTP",)
    ProtocolDetails: ProtocolOptions | None = None
    SecurityPolicyName: str = "TransferSecurityPolicy-2024-01"
    PreAuthenticationLoginBanner: str | None = None
    PostAuthenticationLoginBanner: str | None = None
    LoggingRole: str | None = None
    StructuredLogDestinations: tuple[str, ...] = ()
    S3StorageOptions: StorageOptions | None = None
    WorkflowDetails: WorkflowTriggers | None = None
    IpAddressType: Literal["IPV4", "DUALSTACK"] = "IPV4"
    Certificate: str | None = None
    HostKeyStorageType: Literal["SERVICE_MANAGED", "SECRETS_MANAGER"] | None = None


class HostKey(Record):
    """`HostKeyBody` is the private key; it leaves the store towards the SFTP workers only."""

    HostKeyId: str
    ServerId: str
    Arn: str
    HostKeyBody: str
    HostKeyFingerprint: str
    Type: str
    Description: str | None = None
    DateImported: float


class MapEntry(Record):
    Entry: str
    Target: str
    Type: Literal["FILE", "DIRECTORY"] = "DIRECTORY"


class Posix(Record):
    Uid: int
    Gid: int
    SecondaryGids: tuple[int, ...] | None = None


class SshPublicKey(Record):
    SshPublicKeyId: str
    SshPublicKeyBody: str
    DateImported: float


class User(Record):
    """A service-managed user. Keys are in the order in which they were imported."""

    ServerId: str
    UserName: str
    Arn: str
    Role: str
    HomeDirectory: str | None = None
    HomeDirectoryType: HomeType = "PATH"
    HomeDirectoryMappings: tuple[MapEntry, ...] = ()
    Policy: str | None = None
    PosixProfile: Posix | None = None
    SshPublicKeys: tuple[SshPublicKey, ...] = ()


class Workflow(Record):
    """Steps are kept as the API took them; who runs them reads what it supports."""

    WorkflowId: str
    Arn: str
    Description: str | None = None
    Steps: tuple[dict[str, Any], ...] = ()
    OnExceptionSteps: tuple[dict[str, Any], ...] = ()
    StructuredLogDestinations: tuple[str, ...] = ()


class Execution(Record):
    """One run of a workflow. `Document` has the members of `DescribedExecution` besides id and status."""

    ExecutionId: str
    WorkflowId: str
    Status: Literal["IN_PROGRESS", "COMPLETED", "EXCEPTION", "HANDLING_EXCEPTION"] = "IN_PROGRESS"
    Document: dict[str, Any] = {}


class StepState(Record):
    """What `SendWorkflowStepState` said of the step that waits for `Token`."""

    WorkflowId: str
    ExecutionId: str
    Token: str
    Status: Literal["SUCCESS", "FAILURE"]


@dataclass(frozen=True)
class IdentityTest:
    """What `TestIdentityProvider` asks: may this user in? Without a password it asks as for a key."""

    server: Server
    user_name: str
    password: str | None = None
    protocol: Literal["SFTP", "FTPS", "FTP"] = "SFTP"
    source_ip: str = ""


@dataclass(frozen=True)
class IdentityTestResult:
    """What `TestIdentityProvider` answers.

    A refused login is status 200 with `response` "{}" and no `message`; `url` belongs to API_GATEWAY.
    """

    response: str = "{}"
    status_code: int = 200
    message: str = ""
    url: str = ""

"""The identity provider that a server is set up with."""

from __future__ import annotations

from harness.engines.base import EngineInfo
from harness.exceptions import UsageError
from harness.sftp.config import SftpConfig
from harness.sftp.identity import AuthenticationMethods, ConfiguredUsers, IdentityProvider
from harness.sftp.providers.api_gateway import UrlQuestioner
from harness.sftp.providers.custom import CustomProvider, Questioner
from harness.sftp.providers.function import FunctionQuestioner
from harness.sftp.providers.stored import StoreUsers
from harness.transfer import model
from harness.transfer.store import TransferStore


def identity_provider(config: SftpConfig, store: TransferStore | None) -> IdentityProvider:
    """Return who says who may log in.

    :param config: with the settings of the server's record, where there is one
    :param store: has the service-managed users; None: they are in the configuration
    :raises UsageError: a setting is missing, or the type is not supported here
    """
    if config.identity_provider_type == "SERVICE_MANAGED":
        return ConfiguredUsers(config.users) if store is None else StoreUsers(store, config.server_id)
    details = config.identity_provider_details or model.IdentityProvider()
    asked = questioner(config.identity_provider_type, details, config.server_id, config.engine)
    return CustomProvider(asked, methods_of(details))


def questioner(
    kind: model.ProviderType, details: model.IdentityProvider, server_id: str, engine: EngineInfo
) -> Questioner:
    """Return what puts questions to a custom identity provider.

    :raises UsageError: a setting is missing, or the type is not supported here
    """
    if kind == "AWS_LAMBDA" and details.Function:
        return FunctionQuestioner(engine, details.Function, server_id)
    if kind == "API_GATEWAY" and details.Url:
        return UrlQuestioner(engine, details.Url, server_id)
    if kind == "AWS_DIRECTORY_SERVICE":
        raise UsageError(
            "AWS_DIRECTORY_SERVICE is not supported here",
            hint="ask the directory by a Lambda function: examples/identity_providers",
        )
    raise UsageError(
        f"the identity provider {kind} has no address",
        hint="AWS_LAMBDA needs `Function`, API_GATEWAY needs `Url`",
    )


def methods_of(details: model.IdentityProvider) -> AuthenticationMethods:
    return AuthenticationMethods(
        details.SftpAuthenticationMethods or AuthenticationMethods.PUBLIC_KEY_OR_PASSWORD
    )

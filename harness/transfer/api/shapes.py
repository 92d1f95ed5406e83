"""botocore's model of the service, which tells every member, limit, pattern and enumeration of the API."""

from __future__ import annotations

import functools

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

TARGET_PREFIX = "TransferService"


@functools.cache
def service() -> ServiceModel:
    """Of botocore's own files: what the user keeps in `AWS_DATA_PATH` and `~/.aws` has no say in it."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model("transfer", "service-2"), "transfer")


def operation(name: str) -> OperationModel:
    """:raises botocore.model.OperationNotFoundError: AWS has no such operation"""
    return service().operation_model(name)

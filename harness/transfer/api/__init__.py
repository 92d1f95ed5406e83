"""The Transfer Family API (JSON 1.1) over HTTP, for the AWS CLI and the SDKs.

`endpoint` is the HTTP server, `operations` the table of operations, `validation` holds a request against
botocore's model, and one module each has the operations on servers, users, host keys, tags, workflows,
security policies and identity providers.

Signatures (SigV4) are not verified: whoever reaches the port may do everything. Region and account come from
the configuration, not from the request.
"""

from harness.transfer.api.control import Account, Control, Quotas
from harness.transfer.api.endpoint import TransferApi

__all__ = ["Account", "Control", "Quotas", "TransferApi"]

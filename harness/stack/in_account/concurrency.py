"""Whether an account lets the functions reserve the concurrency that the template gives them.

New accounts may have ten concurrent executions, and Lambda keeps some of them for functions without a share:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws import translated
from harness.deploy import Prepared
from harness.engines.aws.account import Account
from harness.exceptions import AwsError, EnvironmentNotReadyError

KEPT = 100
"""Executions that must stay unreserved."""
_FUNCTION = "AWS::Lambda::Function"
_PROPERTY = "ReservedConcurrentExecutions"


def require(account: Account, prepared: Prepared) -> str:
    """Return as a sentence what the account has, and what of it would be reserved.

    Where the account does not tell, CloudFormation will.

    :raises EnvironmentNotReadyError: it has too little
    """
    wanted, by_parameter = _wanted(prepared)
    try:
        with translated("asking for the concurrency of Lambda"):
            limit = account.client("lambda").get_account_settings()["AccountLimit"]
    except AwsError as exc:
        return (
            f"Lambda: the account's concurrency is not known ({exc.code}); {wanted} executions are reserved"
        )
    total, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    if wanted and free - wanted < KEPT:
        raise EnvironmentNotReadyError(
            f"the functions would reserve {wanted} concurrent executions, but {account} has {free} "
            f"unreserved ones (of {total}), of which {KEPT} must stay so",
            hint=_hint(by_parameter),
        )
    return f"Lambda: {total:,} concurrent executions in the account, of which {wanted} are to be reserved"


def _wanted(prepared: Prepared) -> tuple[int, Mapping[str, int]]:
    """Return how many executions are reserved, and by which parameters."""
    parameters = prepared.parameters()
    given = [
        body["Properties"][_PROPERTY]
        for body in prepared.resources.values()
        if body["Type"] == _FUNCTION and _PROPERTY in body.get("Properties", {})
    ]
    by_parameter = {name: int(parameters[name]) for name in filter(None, map(_parameter, given))}
    return sum(by_parameter.get(_parameter(each) or "") or _number(each) for each in given), by_parameter


def _parameter(value: Any) -> str | None:
    return value.get("Ref") if isinstance(value, dict) else None


def _number(value: Any) -> int:
    """Return a value that is no parameter; one that is computed counts as none."""
    return 0 if isinstance(value, dict) else int(value)


def _hint(by_parameter: Mapping[str, int]) -> str:
    options = " ".join(f"--parameter {name}=0" for name, count in sorted(by_parameter.items()) if count)
    quota = "have the quota raised (Service Quotas, AWS Lambda, Concurrent executions)"
    return f"{quota}, or {options or 'reserve less'}"

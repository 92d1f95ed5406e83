"""How LocalStack with our plugin behaves differently from AWS, as sentences for plans and reports.

What the conformance suite tests comes from its data. Here is what no test over the AWS API can tell.
"""

from __future__ import annotations

from harness.conformance.differences import differences

NOT_TESTED = (
    "Each function has two warm environments before its first invocation; on AWS the first ones are cold.",
    "AWS's limits of calls per second are not enforced.",
    "Alarms are evaluated every ten seconds, not once a minute.",
    "State machines written in JSONata need Java, which LocalStack downloads when the first one runs.",
    "Of executions that have ended only the last 5,000 that succeeded can be described, and 5,000 others.",
)
CORRECTED = ("4.9.2", "4.14.0")
"""Releases that our plugin corrects; a test compares with its `versions`."""
_NOT_CORRECTED = (
    f"Floodgate's corrections are for LocalStack {' and '.join(CORRECTED)}, and are left out on this one: "
    "what they correct differs, too."
)


def differs_from_aws(label: str, version: str | None) -> tuple[str, ...]:
    """Return one sentence for each difference.

    :param label: `localstack` or `localstack:docker`
    :param version: of LocalStack; None where it is not known before the start
    """
    unknown = version is not None and version not in CORRECTED
    return (*differences(label, version), *NOT_TESTED, *((_NOT_CORRECTED,) if unknown else ()))

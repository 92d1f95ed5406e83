"""How MiniStack with our corrections behaves differently from AWS, as sentences for plans and reports.

What the conformance suite tests comes from its data. Here is what no test over the AWS API can tell.
"""

from __future__ import annotations

from harness.conformance.differences import differences

NOT_TESTED = (
    "Each function has two warm environments before its first invocation; on AWS the first ones are cold.",
    "At most 16 invocations of all functions run at once, others wait; AWS runs a thousand.",
    "AWS's limits of calls per second are not enforced.",
    "Objects, rows and logs are all kept in the engine's memory.",
)


def differs_from_aws(version: str) -> tuple[str, ...]:
    """Return one sentence for each difference.

    :param version: of MiniStack
    """
    return (*differences("ministack", version), *NOT_TESTED)

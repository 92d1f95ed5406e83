"""How MiniStack behaves differently from AWS, as sentences for plans and reports.

What the conformance suite tests comes from its data. Here is what no test over the AWS API can tell.
"""

from __future__ import annotations

from harness.conformance.differences import differences

NOT_TESTED = ("AWS's limits of calls per second are not enforced.",)
DIFFERS_FROM_AWS = (*differences("ministack"), *NOT_TESTED)

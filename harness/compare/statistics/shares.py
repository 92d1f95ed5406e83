"""Is a share of files larger than before by more than chance?"""

from __future__ import annotations

import math


def chance_of_more(base_hits: int, base_total: int, new_hits: int, new_total: int) -> float:
    """Return how likely it is to see at least `new_hits` if nothing has changed.

    Fisher's exact test, one-sided ("The Logic of Inductive Inference", 1935): the hits of both sides
    together, dealt out by chance. It takes files to fail independently of each other.
    """
    hits, total = base_hits + new_hits, base_total + new_total
    if not new_hits:
        return 1.0
    whole = _log_choose(total, new_total)
    return min(
        1.0,
        sum(
            math.exp(_log_choose(hits, got) + _log_choose(total - hits, new_total - got) - whole)
            for got in range(new_hits, min(hits, new_total) + 1)
            if new_total - got <= total - hits
        ),
    )


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)

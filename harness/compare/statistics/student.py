"""Student's t, which makes up for a spread that is itself only known from a few values."""

from __future__ import annotations

import math

T_99 = (
    *(63.66, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169),
    *(3.106, 3.055, 3.012, 2.977, 2.947, 2.921, 2.898, 2.878, 2.861, 2.845),
)
"""Student's t for 99 %, two-sided, by degrees of freedom from 1 on; beyond 20 the last, too careful."""
Z_99 = 2.576
"""The same for so many degrees of freedom that the spread is known."""


def t_99(free: float) -> float:
    """Return Student's t between the whole degrees of freedom of the table, on the line over 1 / degrees."""
    below = math.floor(free + 1e-9)
    if below >= len(T_99):
        return T_99[-1]
    low, high = T_99[below - 1], T_99[below]
    return low + (high - low) * (1 / below - 1 / max(free, below)) / (1 / below - 1 / (below + 1))

"""The estimate as text, for whoever is going to pay."""

from __future__ import annotations

from collections.abc import Iterator

from harness.cost.estimate import Estimate, Load

_NOT_COUNTED = (
    "not counted: storage, retries, the parts and the longer functions of files of many MB, alarms' e-mails, "
    "metrics that functions and containers write (0.30 a month each), Lambda's cold starts, the free tier, "
    "discounts, taxes"
)


def lines(found: Estimate, region: str) -> Iterator[str]:
    """Yield the estimate line by line.

    :param region: where the stack is going to be
    """
    oldest, newest = found.price_dates
    yield (
        f"Estimate in USD, list prices of {found.price_region} as of {oldest} to {newest} "
        "(harness/cost/prices.json has the source of each):"
    )
    if region != found.price_region:
        yield f"  {region} may be dearer: its prices are not known here"
    yield f"  {'while it is there':<52} {'an hour':>10} {'a month':>10}"
    for line in found.hourly:
        yield _line(f"{line.what} ({line.count})", line.usd_per_hour, line.usd_per_month)
    yield _line("together", found.usd_per_hour, found.usd_per_month)
    yield f"  for each 1,000 files of {found.mean_bytes / 1024:.0f} KiB {found.usd_per_1000_files:>37.4f}"
    if found.load is not None:
        yield _run(found, found.load)
    for type_ in found.unpriced:
        yield f"  NOT in it, because its price is not known here: {type_}"
    yield f"  {_NOT_COUNTED}"


def _line(what: str, usd_per_hour: float, usd_per_month: float) -> str:
    return f"    {what:<50} {usd_per_hour:>10.4f} {usd_per_month:>10.2f}"


def _run(found: Estimate, load: Load) -> str:
    return (
        f"  THIS RUN: {load.files:,} files in {_length(load.duration_s)}, and the stack for "
        f"{found.hours} h: USD {found.usd_of_run:.2f}"
    )


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 2 * 86_400 else f"{seconds / 86_400:,.1f} days"

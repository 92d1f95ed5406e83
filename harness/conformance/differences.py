"""What "passes here, behaves differently on AWS" is made of."""

from __future__ import annotations

from harness.conformance.behaviours import behaviours


def differences(engine_label: str, version: str | None = None) -> tuple[str, ...]:
    """Return one sentence for each tested behaviour in which an engine differs from AWS.

    Items that share a cause share its sentence, which comes once.

    :param engine_label: the engine as `--engine` takes it
    :param version: of the engine; None: differences of all versions, each with its version
    """
    found = (item.difference(engine_label, version) for item in behaviours())
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))

"""The load itself: start the generator, follow the files, and see to it that every part stays alive."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.engines import process, registry
from harness.engines.base import ProcessRecord, ReadUsage
from harness.engines.records import ProcessTable
from harness.exceptions import StackLostError
from harness.exit_codes import ExitCode
from harness.measure.follow import Follower
from harness.measure.resources import ResourceSampler
from harness.measure.sampling.sampler import Sampler
from harness.measure.sampling.series import Samples
from harness.measure.sampling.start import sampler_of
from harness.run.engine_view import EngineView
from harness.run.engine_watch import EngineWatch
from harness.run.folder import RunFolder
from harness.run.load_fleet import LoadFleet
from harness.run.progress import LiveLine
from harness.run.session import StackSession
from harness.stack import keeper, kept_usage

POLL_S = 0.5
STOP_GRACE_S = 10.0
"""After an interrupt, how long uploads that are under way may go on."""
LOST_GRACE_S = 5.0
"""After the loss of the engine, how long the generator may take to write down how its uploads ended."""
_REQUIRED_ROLES = frozenset({"engine", "sftp", "stand-ins"})
"""Those of them that the stack has."""


@dataclass
class Offer:
    """What the load phase leaves for settling."""

    follower: Follower
    sampler: ResourceSampler
    figures: Sampler
    engine_view: EngineView
    stack_lost: str | None = None
    deaths: list[str] = field(default_factory=list)
    generator_failure: tuple[ExitCode, str] | None = None

    @property
    def engine_lost(self) -> bool:
        """Nobody can be asked any more. Without the SFTP server or a stand-in, all that was stored can."""
        alive = bool(self.deaths) and "engine" not in self.deaths
        return self.stack_lost is not None and not alive

    def stop_sampling(self) -> None:
        """Take the last looks. Safe to call twice."""
        self.sampler.stop()
        self.figures.stop()

    def samples(self) -> Samples:
        """Return what was sampled besides resources, with the cost of both; after `stop_sampling`."""
        return self.figures.samples(self.sampler.own_cpu_s)


def offer_load(
    session: StackSession,
    folder: RunFolder,
    load: LoadFleet,
    engine_view: EngineView,
    live: LiveLine,
    interrupted: Callable[[], bool],
    watch: Callable[[Offer], None] = lambda _offer: None,
) -> Offer:
    """Follow the load to its end; the sampler goes on, because settling is part of the work measured.

    :param watch: told of the load as it begins
    """
    description = session.description
    follower = Follower(description.engine, description, folder.ledger_dir, session.uploads_file)
    deaths: list[str] = []
    sampler = ResourceSampler(
        lambda: [*_stack_processes(session), *load.record(), _own_process()],
        required=_REQUIRED_ROLES,
        on_death=lambda record: deaths.append(record.role),
        usage=_usage(session),
    )
    figures = sampler_of(description, follower, session.state_dir / "sftp.log", sampler)
    offer = Offer(follower, sampler, figures, engine_view, deaths=deaths)
    watch(offer)
    sampler.start()
    figures.start()
    try:
        engine_watch = EngineWatch.of(description.engine, session.state_dir)
        _follow(offer, load, live, interrupted, engine_watch, keeper.watch(session.state_dir))
    except StackLostError as error:
        offer.stack_lost = error.message
        load.end(within_s=LOST_GRACE_S)
    offer.generator_failure = load.failure()
    return offer


def _follow(
    offer: Offer,
    load: LoadFleet,
    live: LiveLine,
    interrupted: Callable[[], bool],
    engine: EngineWatch,
    keeper_has_gone: Callable[[], bool],
) -> None:
    while load.is_running():
        snapshot = offer.follower.poll()
        waiting = load.waits_for()
        if waiting is None:
            live.show(snapshot)
        else:
            live.say(waiting)
        if engine.has_died():
            offer.deaths.append("engine")
        if keeper_has_gone():
            offer.deaths.append(keeper.ROLE)
        if offer.deaths:
            raise StackLostError(f"the {' and the '.join(sorted(set(offer.deaths)))} process died in mid-run")
        if interrupted():
            load.end(within_s=STOP_GRACE_S + 5)
        if load.lingers and snapshot.load_ended:
            return
        time.sleep(POLL_S)


def _stack_processes(session: StackSession) -> list[ProcessRecord]:
    if keeper.is_from_elsewhere(session.state_dir):
        return []
    return [record for record in ProcessTable(session.state_dir).read() if record.role in _REQUIRED_ROLES]


def _usage(session: StackSession) -> ReadUsage | None:
    """Return what tells of the processes that this one does not see; None where it sees all."""
    engine = registry.usage(session.description.engine)
    if not keeper.is_from_elsewhere(session.state_dir):
        return engine
    return lambda: {**kept_usage.read(session.state_dir), **(engine() if engine else {})}


def _own_process() -> ProcessRecord:
    return process.record_of("harness", os.getpid())

"""The ledger's way from a worker to the master's file: nothing lost, nothing twice.

Lines travel in numbered parcels. The worker keeps a parcel until the master says that it is in the file, and
sends it again when that takes long; the master takes parcels in order and each of them once. What a network
loses comes again; what is lost is only what a worker that dies has not sent yet.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from harness.exceptions import FloodgateError
from harness.load.distributed.messages import Lines
from harness.load.ledger_format import LedgerLine
from harness.load.ledger_writer import LedgerWriter, encode

PARCEL_BYTES = 1024 * 1024
_RESEND_AFTER_S = 2.0
_ON_THE_WAY = 64
"""Parcels that are sent before the first of them is acknowledged: the socket's own queue is bounded, too."""


class MasterGoneError(FloodgateError):
    """The master does not answer any more, so nobody will know the rest of the ledger."""


class Outbox:
    """A worker's ledger; see `harness.load.ledger_writer.Ledger`.

    :param send: brings a parcel on its way; may fail or lose it
    :param pause: sleeps so many seconds, for everybody else to work
    :param patience_s: how long `close` waits for a word of the master
    """

    def __init__(
        self,
        send: Callable[[Lines], None],
        pause: Callable[[float], None],
        *,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send, self._pause, self._patience_s, self._clock = send, pause, patience_s, clock
        self._queued: deque[LedgerLine] = deque()
        self._parcels: deque[Lines] = deque()
        """Not acknowledged, oldest first."""
        self._refusal: FloodgateError | None = None
        self._made = 0
        self._sent_up_to = 0
        self._heard_at = clock()

    @property
    def waiting(self) -> int:
        """Parcels that the master has not acknowledged."""
        return len(self._parcels)

    def write(self, line: LedgerLine) -> None:
        """Queue one line. Never blocks, never fails, may be called from any thread."""
        self._queued.append(line)

    def flush(self) -> None:
        """Pack what is queued, and send what was not sent yet or not answered for long."""
        self._pack()
        if self._parcels and self._clock() - self._heard_at > _RESEND_AFTER_S:
            self._sent_up_to = self._parcels[0]["number"] - 1
            self._heard_at = self._clock()
        for parcel in list(self._parcels)[:_ON_THE_WAY]:
            if parcel["number"] > self._sent_up_to:
                self._send(parcel)
                self._sent_up_to = parcel["number"]

    def kept(self, number: int) -> None:
        """Note that the parcels up to this number are safe."""
        while self._parcels and self._parcels[0]["number"] <= number:
            self._parcels.popleft()
            self._heard_at = self._clock()

    def refused(self, error: FloodgateError) -> None:
        """Note that the master will take nothing more; `close` raises it."""
        self._refusal = error

    def close(self) -> None:
        """Return when the master has everything.

        :raises MasterGoneError: it is silent for too long
        :raises FloodgateError: it does not want the rest; see `refused`
        """
        self.flush()
        known, since = self.waiting, self._clock()
        while self._parcels:
            if self._refusal is not None:
                raise self._refusal
            self._pause(0.05)
            self.flush()
            if self.waiting < known:
                known, since = self.waiting, self._clock()
            elif self._clock() - since > self._patience_s:
                raise MasterGoneError(
                    f"the master has not taken the last {self.waiting} parcels of the ledger within "
                    f"{self._patience_s:.0f} s"
                )

    def _pack(self) -> None:
        if not self._parcels:
            self._heard_at = self._clock()
        while self._queued:
            data = bytearray()
            while self._queued and len(data) < PARCEL_BYTES:
                data += encode(self._queued.popleft())
            self._made += 1
            self._parcels.append(Lines(number=self._made, data=bytes(data)))


class Inbox:
    """The master's end: one worker's ledger file."""

    def __init__(self, ledger: LedgerWriter) -> None:
        self.ledger = ledger
        self.number = 0
        """Of the last parcel that was taken."""

    def take(self, parcel: Lines) -> int:
        """Bring a parcel to the file, unless it is there already or came before its turn.

        :return: the number up to which everything is in the file
        :raises DiskFullError: it is not; it will come again
        """
        if parcel["number"] == self.number + 1:
            self.number += 1  # what the disk refuses stays queued: it must not be taken a second time
            self.ledger.flush_bytes(parcel["data"])
        else:
            self.ledger.flush()
        return self.number

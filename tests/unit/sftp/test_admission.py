"""Who is ended when too many connections wait for their login."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sftp.admission import Admission

pytestmark = pytest.mark.unit


class Door:
    """An admission whose connections are numbers, or what a test tells apart; remembers who was ended."""

    def __init__(self, limit: int) -> None:
        self.admission = Admission(limit)
        self.ended: list[object] = []

    def enter(self, connection: object, address: str = "a") -> None:
        self.admission.enter(connection, address, lambda: self.ended.append(connection))


def test_up_to_the_limit_nobody_is_ended() -> None:
    door = Door(2)
    door.enter(1)
    door.enter(2)
    assert door.ended == []
    assert len(door.admission) == 2


def test_above_it_the_oldest_goes_and_the_new_one_stays() -> None:
    door = Door(2)
    for number in (1, 2, 3):
        door.enter(number)
    assert door.ended == [1]
    assert (len(door.admission), door.admission.turned_away) == (2, 1)


def test_the_address_with_the_most_pays() -> None:
    door = Door(3)
    door.enter(1, "good")
    for number in (2, 3, 4, 5):
        door.enter(number, "flood")
    assert door.ended == [2, 3]


def test_who_has_logged_in_is_never_ended() -> None:
    door = Door(1)
    door.enter(1)
    door.admission.leave(1, "a")
    door.enter(2)
    door.enter(3)
    assert door.ended == [2]


def test_leaving_twice_counts_once() -> None:
    door = Door(1)
    door.enter(1)
    door.admission.leave(1, "a")
    door.admission.leave(1, "a")
    door.admission.leave(9, "unknown")
    assert len(door.admission) == 0


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.sampled_from("abc"))),
    st.integers(1, 5),
)
def test_as_a_plain_list_would_do_it(steps: list[tuple[bool, int, str]], limit: int) -> None:
    door, waiting = Door(limit), dict[tuple[int, str], None]()
    for enters, number, address in steps:
        connection = (number, address)
        if not enters:
            door.admission.leave(connection, address)
            waiting.pop(connection, None)
        elif connection not in waiting:
            door.enter(connection, address)
            waiting[connection] = None
            if len(waiting) > limit:
                counts = {a: sum(a == other for _, other in waiting) for _, a in waiting}
                assert door.ended, "nobody was ended"
                victim = next(
                    (n, a)
                    for n, a in waiting
                    if counts[a] == max(counts.values()) and (n, a) == door.ended[-1]
                )
                assert victim == next((n, a) for n, a in waiting if a == victim[1])
                del waiting[victim]
        assert len(door.admission) == len(waiting)

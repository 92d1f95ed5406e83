"""Requests made from the model itself, sensible and not, in any order: each is answered in the form that the
model promises, or refused.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.transfer.api import shapes
from harness.transfer.api.control import Account, Control, Quotas
from harness.transfer.api.errors import ApiError
from harness.transfer.api.operations import OPERATIONS, perform
from harness.transfer.api.validation import validate
from harness.transfer.store import TransferStore
from tests.unit.transfer.api.conftest import FUNCTION, ROLE, URL, private_key, public_key

pytestmark = pytest.mark.unit

KEY, OTHER_KEY, HOST_KEY = public_key(), public_key("ecdsa-sha2-nistp256"), private_key()
THE_SERVER = "the server"
"""Stands for the id of the server that is made first."""
GOOD = {
    "ServerId": [THE_SERVER],
    "UserName": ["alice", "bob"],
    "Role": [ROLE],
    "Arn": [THE_SERVER],
    "Function": [FUNCTION],
    "Url": [URL],
    "SshPublicKeyBody": [KEY, OTHER_KEY],
    "HostKey": [HOST_KEY],
    "MapEntry": ["/", "/in", "/in/deep"],
    "MapTarget": ["/bucket", "/bucket/x"],
    "HomeDirectory": ["/", "/in", ""],
    "Policy": ["{}", ""],
    "SecurityPolicyName": ["TransferSecurityPolicy-2025-03"],
    "TagKey": ["a", "b"],
    "WorkflowDescription": ["scan"],
}
"""Values that mean something, by the name of their shape."""
noise = (
    st.none() | st.booleans() | st.integers(-2, 70000) | st.text(max_size=4) | st.lists(st.none(), max_size=2)
)


def of_shape(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values of a shape, most of them good ones."""
    good = _good(shape, depth)
    return good if depth == 0 else st.integers(0, 39).flatmap(lambda n: noise if n == 39 else good)


def _good(shape: Shape, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(shape, StructureShape):
        members = {name: of_shape(member, depth + 1) for name, member in shape.members.items()}
        needed = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(needed, optional=members if depth < 4 else {})
    if isinstance(shape, ListShape):
        return st.lists(of_shape(shape.member, depth + 1), min_size=1, max_size=2)
    if isinstance(shape, StringShape) and shape.enum:
        return st.sampled_from(shape.enum)
    if shape.type_name in ("integer", "long"):
        return st.integers(1, 5)
    return st.sampled_from(GOOD.get(shape.name, ["x", "10.0.0.1"]))


def request_of(name: str) -> st.SearchStrategy[tuple[str, Any]]:
    shape = shapes.operation(name).input_shape
    assert shape is not None
    return st.tuples(st.just(name), of_shape(shape))


requests = st.permutations(sorted(OPERATIONS)).flatmap(
    lambda names: st.tuples(*(request_of(name) for name in names[:8]))
)


def filled(value: Any, server_id: str) -> Any:
    """Put the real server's id in its place."""
    if isinstance(value, dict):
        return {
            name: _of_server(name, server_id) if each == THE_SERVER else filled(each, server_id)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [filled(each, server_id) for each in value]
    return value


def _of_server(member: str, server_id: str) -> str:
    return Account().arn(f"server/{server_id}") if member == "Arn" else server_id


def check_answer(name: str, answer: dict[str, Any]) -> None:
    """Hold an answer against the shape that clients will read it with."""
    shape = shapes.operation(name).output_shape
    if shape is None:
        assert answer == {}
    else:
        _check(shape, answer, name)


def _check(shape: Shape, value: Any, place: str) -> None:
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict), place
        assert set(shape.required_members) <= set(value) <= set(shape.members), place
        for name, each in value.items():
            _check(shape.members[name], each, f"{place}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), place
        for each in value:
            _check(shape.member, each, place)
    else:
        kinds = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": float}
        assert isinstance(value, kinds[shape.type_name]), place
        if isinstance(shape, StringShape) and shape.enum:
            assert value in shape.enum, place


async def _all(control: Control, wanted: tuple[tuple[str, Any], ...]) -> None:
    server_id = (await perform(control, "CreateServer", {}))["ServerId"]
    user = {"ServerId": server_id, "UserName": "alice", "Role": ROLE}
    await perform(control, "CreateUser", {**user, "SshPublicKeyBody": KEY})
    for name, request in wanted:
        answer: dict[str, Any] | ApiError
        try:
            answer = await perform(control, name, filled(request, server_id))
        except ApiError as error:
            answer = error
        if isinstance(answer, ApiError):
            assert (answer.status, answer.code != "UnknownOperationException") == (400, True)
        else:
            check_answer(name, answer)


@settings(deadline=None, max_examples=80)
@given(requests)
def test_requests_are_answered_as_the_model_says_or_refused(wanted: tuple[tuple[str, Any], ...]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        TransferStore(Path(folder) / "transfer.sqlite", writable=True) as store,
    ):
        asyncio.run(_all(Control(store, Account(), Quotas(servers=3, ssh_public_keys_per_user=2)), wanted))


@settings(deadline=None)
@given(st.sampled_from(sorted(OPERATIONS)).flatmap(request_of))
def test_what_is_taken_stays_as_it_was(wanted: tuple[str, Any]) -> None:
    """A request that was taken once is taken again, unchanged: nothing is lost or made up on the way."""
    name, request = wanted
    try:
        taken = validate(shapes.operation(name), request)
    except ApiError:
        return
    assert validate(shapes.operation(name), taken) == taken

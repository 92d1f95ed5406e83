"""Which requests the web UI takes."""

from __future__ import annotations

import pytest

from harness.load.web.guard import refusal

pytestmark = pytest.mark.unit

HERE = {"Host": "127.0.0.1:8089"}
ORIGIN = {"Origin": "http://127.0.0.1:8089"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", HERE),
        ("GET", {"Host": "localhost:8089", "Sec-Fetch-Site": "cross-site"}),
        ("GET", {"Host": "[::1]:8089"}),
        ("POST", HERE),
        ("POST", HERE | ORIGIN | {"Sec-Fetch-Site": "same-origin"}),
    ],
)
def test_this_machines_own_page_is_served(method, headers):
    assert refusal(method, headers, "127.0.0.1") is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Host": "rebound.example:8089"}),
        ("GET", {"Host": "127.0.0.1.example"}),
        ("GET", {"Host": "[127.0.0.1"}),
        ("GET", {}),
        ("GET", HERE | {"Origin": "http://evil.example"}),
        ("POST", HERE | {"Origin": "http://evil.example"}),
        ("POST", HERE | {"Origin": "http://127.0.0.1:8090"}),
        ("POST", HERE | {"Origin": "null"}),
        ("POST", HERE | {"Sec-Fetch-Site": "cross-site"}),
        ("POST", HERE | {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_other_pages_of_the_browser_are_refused(method, headers):
    assert refusal(method, headers, "127.0.0.1") is not None


def test_a_ui_that_was_opened_to_others_has_any_name_and_still_its_own_page_only():
    named = {"Host": "load.example:8089"}
    assert refusal("GET", named, "0.0.0.0") is None
    assert refusal("POST", named | {"Origin": "http://load.example:8089"}, "0.0.0.0") is None
    assert refusal("POST", named | {"Origin": "http://evil.example"}, "0.0.0.0") is not None


NAMES = frozenset({"locust-master"})


@pytest.mark.parametrize("host", ["10.0.0.7:8089", "[fe80::1]:8089", "localhost:8089", "Locust-Master:8089"])
def test_a_service_that_was_opened_to_others_is_called_by_addresses_and_by_names_that_were_given(host):
    assert refusal("GET", {"Host": host}, "0.0.0.0", NAMES) is None


def test_a_name_that_anybody_may_have_resolved_to_our_address_is_refused():
    rebound = {"Host": "rebound.example:8089"}
    assert refusal("GET", rebound, "0.0.0.0", NAMES) is not None
    assert refusal("GET", rebound, "127.0.0.1", NAMES) is not None


def test_on_loopback_only_given_names_are_added():
    assert refusal("GET", {"Host": "locust-master"}, "127.0.0.1", NAMES) is None
    assert refusal("GET", {"Host": "10.0.0.7"}, "127.0.0.1", NAMES) is not None

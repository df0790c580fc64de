"""A changed address needs no act on the tablet: real addresses in a network namespace, real clients, real multicast DNS."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lan.namespaces import run_in_namespaces


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a tablet saw before and after this machine's address changed."""
    found: dict[str, Any] = run_in_namespaces("tests.lan.moving_house", tmp_path_factory.mktemp("moving"))
    return found


def test_a_changed_address_needs_no_act_on_the_tablet(moved: dict[str, Any]) -> None:
    assert moved["by_address"] == moved["by_name"]
    assert moved["after_by_address"] == moved["after_by_name"]
    assert len(moved["by_address"]) == len(moved["after_by_address"]) == 40
    assert moved["by_address"] != moved["after_by_address"]
    assert moved["seconds"] < 5


def test_only_private_addresses_are_served_and_only_to_private_addresses(moved: dict[str, Any]) -> None:
    assert moved["hosts"] == ["192.168.77.5"]
    assert moved["at_public_address"] == moved["at_loopback"] == "ConnectionRefusedError"
    assert moved["from_public_address"] in ("SSLEOFError", "ConnectionResetError")


def test_the_name_is_found_by_multicast_dns_at_the_new_address(moved: dict[str, Any]) -> None:
    assert moved["resolved"] == ["10.20.30.40"]
    assert moved["mdns_says"] == "The name is announced on the LAN"

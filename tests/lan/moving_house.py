"""Run inside a network namespace of its own: this machine's address changes while a tablet goes on asking.

Prints one JSON document. The interface has private and public addresses; everything is real but the cable.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quantbox.app.lan.listener import LanListener
from quantbox.core.clock import SystemClock
from tests.lan.stores import LanStore, hello, trusting

PORT = 8766
BEFORE, AFTER, PUBLIC = "192.168.77.5", "10.20.30.40", "203.0.113.9"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def ask(trust: ssl.SSLContext, address: str, name: str, source: str | None = None) -> str:
    """Return the certificate's number after a request that went well, or what went wrong."""
    try:
        with socket.create_connection((address, PORT), 10, source_address=(source, 0) if source else None) as plain:
            with trust.wrap_socket(plain, server_hostname=name) as client:
                serial = str((client.getpeercert() or {})["serialNumber"])
                client.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                return serial if client.recv(4096).startswith(b"HTTP/1.1 200 ") else "no answer"
    except OSError as error:
        return type(error).__name__


def is_serial(said: str) -> bool:
    return len(said) > 30


def seconds_until(holds: Callable[[], bool], most: float = 30.0) -> float:
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > most:
            raise TimeoutError
        time.sleep(0.05)
    return time.monotonic() - started


def resolve(name: str) -> list[str]:
    """Look the name up by multicast DNS, as another machine on the network does."""
    from zeroconf import IPVersion, ServiceInfo, Zeroconf

    label = name.removesuffix(".local")
    with Zeroconf(interfaces=[AFTER]) as asker:
        info = ServiceInfo("_https._tcp.local.", f"{label}._https._tcp.local.")
        info.request(asker, 15_000)
        return [] if info.server != f"{name}." else info.parsed_addresses(IPVersion.V4Only)


def main(folder: Path) -> dict[str, Any]:
    ip("link", "set", "lo", "up", "multicast", "on")
    ip("route", "add", "224.0.0.0/4", "dev", "lo")
    for address in (f"{BEFORE}/24", f"{PUBLIC}/24"):
        ip("addr", "add", address, "dev", "lo")
    clock = SystemClock()
    store = LanStore(folder / "store", clock)
    store.open()
    lan = LanListener(hello, store, clock)
    lan.decide(is_on=True, port=PORT, at_once=True)
    lan.start()
    name, trust = lan.host_names()[0], trusting(lan)
    found: dict[str, Any] = {
        "hosts": lan.host_names()[1:],
        "by_address": ask(trust, BEFORE, BEFORE),
        "by_name": ask(trust, BEFORE, name),
        "at_public_address": ask(trust, PUBLIC, name),
        "at_loopback": ask(trust, "127.0.0.1", name),
        "from_public_address": ask(trust, BEFORE, name, source=PUBLIC),
    }
    ip("addr", "del", f"{BEFORE}/24", "dev", "lo")
    ip("addr", "add", f"{AFTER}/8", "dev", "lo")
    found["seconds"] = round(seconds_until(lambda: is_serial(ask(trust, AFTER, AFTER))), 2)
    found["after_by_address"], found["after_by_name"] = ask(trust, AFTER, AFTER), ask(trust, AFTER, name)
    seconds_until(lambda: bool(lan.describe(follows=False)["mdns"]["is_announced"]))  # type: ignore[index]
    found["resolved"] = resolve(name)
    found["mdns_says"] = lan.describe(follows=False)["mdns"]["reason"]["en"]  # type: ignore[index]
    lan.stop()
    store.close()
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))

"""Run inside a network namespace of its own: the program as processes, its LAN turned on, a tablet paired and revoked.

Prints one JSON document. In the namespace there is nothing but the program, so what listens there is the program's.
"""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import json
import secrets
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from tests.program import OWNER, PASSWORD, Client, Store, serving, wait_until

PRIVATE, PUBLIC, PORT = "192.168.77.5", "203.0.113.9", 8766
URL = f"https://{PRIVATE}:{PORT}"


class TabletClient(Client):
    """A browser that has installed the authority."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__(URL)
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), urllib.request.HTTPSHandler(context=trust)
        )

    def status(self, path: str) -> int | str:
        """Return the status of a reading, or what kept it from being answered."""
        try:
            return self.call("GET", path)[0]
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__

    def page_shown_for(self, path: str) -> str:
        """Return the address of the page a browser ends on."""
        with self._opener.open(URL + path, timeout=20) as answer:
            return str(answer.url).removeprefix(URL)


def listening() -> list[str]:
    return sorted({f"{c.laddr.ip}:{c.laddr.port}" for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN})


def good(answer: tuple[int, Any]) -> Any:
    status, document = answer
    assert status < 400, document
    return document


def pair(owner: Client, tablet: TabletClient) -> str:
    """Pair the tablet as the two pages do, and return its device's id."""
    invited = good(owner.call("POST", "/api/v1/pairing", {"max_role": "viewer", "host": PRIVATE}))
    code = invited["url"].partition("#c=")[2].partition("&")[0]
    nonce = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    good(tablet.call("POST", "/api/v1/pair", {"code": code, "name": "iPad", "nonce": nonce}))
    good(owner.call("POST", f"/api/v1/pairing/{invited['id']}/confirm", {"name": "iPad"}))
    assert good(tablet.call("GET", "/api/v1/pair")) == {"state": "done"}
    return str(next(one["id"] for one in good(owner.call("GET", "/api/v1/devices"))["items"] if one["is_paired"]))


def seconds_until(holds: Any) -> float:
    started = time.monotonic()
    wait_until(holds)
    return round(time.monotonic() - started, 2)


def main(folder: Path) -> dict[str, Any]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (PRIVATE, PUBLIC):
        subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", "lo"], check=True)
    store, found = Store(folder), {}
    made = store.run("init")
    assert made.status == 0, made.stderr
    with serving(store) as (supervisor, owner):
        owner.sign_in()
        good(owner.call("POST", "/api/v1/session/step-up", {"method": "password", "code": PASSWORD}))
        before = listening()
        found["lan"] = good(owner.call("PUT", "/api/v1/lan", {"is_on": True, "port": PORT}))
        found["opened"] = [one for one in listening() if one not in before]
        found["beyond_loopback"] = [one for one in listening() if not one.startswith(("127.", "::1:"))]
        with owner._opener.open(f"{owner.url}/api/v1/lan/authority.crt", timeout=20) as answer:
            trust = ssl.create_default_context(cadata=answer.read())
        with socket.create_connection((PRIVATE, PORT), timeout=5) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            found["plain_http"] = plain.recv(100).hex()
        tablet = TabletClient(trust)
        device_id = pair(owner, tablet)
        signed_in = good(tablet.call("POST", "/api/v1/session/password", {"name": OWNER, "password": PASSWORD}))
        found["signed_in"] = signed_in["state"]
        found["role"] = good(tablet.call("GET", "/api/v1/status"))["person"]["role"]
        web = next(one for one in supervisor.children() if " web" in " ".join(one.cmdline()))
        web.kill()
        found["back_after_kill_seconds"] = seconds_until(lambda: tablet.status("/api/v1/overview") == 200)
        wait_until(lambda: owner.call("GET", "/api/v1/status")[0] == 200)
        good(owner.call("POST", "/api/v1/session/step-up", {"method": "password", "code": PASSWORD}))
        good(owner.call("DELETE", f"/api/v1/devices/{device_id}"))
        found["revoked_seconds"] = seconds_until(lambda: tablet.status("/api/v1/overview") == 401)
        good(owner.call("POST", "/api/v1/vault/lock"))
        time.sleep(3)
        found["while_locked"] = [tablet.status("/api/v1/status"), tablet.page_shown_for("/"), tablet.status("/api/v1/overview")]
        found["left_in_run"] = [path.name for path in (store.root / "run").glob("leaf-*")]
    with serving(store) as (_supervisor, owner):
        time.sleep(3)
        found["after_cold_start"] = tablet.status("/api/v1/status")
        owner.unlock()
        found["after_unlocking_seconds"] = seconds_until(lambda: tablet.status("/api/v1/status") == 200)
    found["after_the_end"] = tablet.status("/api/v1/status")
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))

"""Run inside namespaces of its own: a real Chromium that has installed the authority.

Prints one JSON document: by address what the browser said. The authority is installed as an administrator would, by a policy
file, over a copy of the system's folder that only this namespace sees.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from quantbox.app.lan.listener import LanListener
from quantbox.core.clock import SystemClock
from quantbox.web.serving.server import Server
from quantbox.web.tls.authority import issue_leaf
from quantbox.web.tls.contexts import server_context
from tests.lan.stores import LanStore, hello

PRIVATE, PUBLIC = "192.168.77.5", "203.0.113.9"
PORT, FORGED_PORT = 8766, 8767
SYSTEM_FOLDER = Path("/etc/chromium")


def install(folder: Path, certificate: bytes) -> None:
    """Let Chromium trust the authority, over a copy of its folder that only this namespace sees."""
    own_folder = folder / "chromium"
    shutil.copytree(SYSTEM_FOLDER, own_folder)
    subprocess.run(["mount", "--bind", str(own_folder), str(SYSTEM_FOLDER)], check=True)
    policy = own_folder / "policies" / "managed" / "authority.json"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text(json.dumps({"CACertificates": [base64.b64encode(certificate).decode()]}))


def start(playwright: Playwright, name: str) -> Browser:
    """Start Chromium with a name server of its own."""
    rules = f"MAP {name} {PRIVATE}, MAP example.com {PRIVATE}"
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", f"--host-resolver-rules={rules}"]
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)


def visit(playwright: Playwright, name: str) -> dict[str, str]:
    """Open every address in a new browser and return what came of it."""
    browser = start(playwright, name)
    page, said = browser.new_page(), {}
    places = {
        "name": f"https://{name}:{PORT}/",
        "address": f"https://{PRIVATE}:{PORT}/",
        "forged name": f"https://example.com:{FORGED_PORT}/",
        "forged address": f"https://{PUBLIC}:{FORGED_PORT}/",
    }
    for place, url in places.items():
        try:
            answer = page.goto(url, timeout=60_000)
            assert answer is not None
            protocol = (answer.security_details() or {"protocol": ""})["protocol"]
            said[place] = f"{answer.status} {protocol} {page.evaluate('isSecureContext')}"
        except Error as error:
            said[place] = str(error).split("net::")[-1].split(" ")[0]
    browser.close()
    return said


def main(folder: Path) -> dict[str, str]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (PRIVATE, PUBLIC):
        subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", "lo"], check=True)
    clock = SystemClock()
    store = LanStore(folder / "store", clock)
    choices = store.open()
    lan = LanListener(hello, store, clock)
    lan.decide(is_on=True, port=PORT, at_once=True)
    forged_leaf = issue_leaf(choices.authority(), "example.com", (PUBLIC,), clock.now())
    forged = Server(hello, port=FORGED_PORT, hosts=(PRIVATE, PUBLIC), tls=server_context(forged_leaf, folder))
    forged.start()
    name = next(host for host in lan.host_names() if host.endswith(".local"))
    install(folder, lan.authority_certificate() or b"")
    with sync_playwright() as playwright:
        said = visit(playwright, name)
    forged.stop()
    lan.stop()
    store.close()
    return said


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))

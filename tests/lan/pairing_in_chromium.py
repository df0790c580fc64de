"""Run inside namespaces of its own: the tablet is a Chromium with the authority installed, the program runs as processes.

Prints one JSON document: the words on both screens, and what the tablet holds at the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.lan.in_chromium import install, start
from tests.lan.whole_program import PORT, PRIVATE, good
from tests.program import PASSWORD, Store, serving


def main(folder: Path) -> dict[str, Any]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "addr", "add", f"{PRIVATE}/24", "dev", "lo"], check=True)
    store, faults = Store(folder), []
    assert store.run("init").status == 0
    with serving(store) as (_supervisor, owner), sync_playwright() as playwright:
        owner.sign_in()
        good(owner.call("POST", "/api/v1/session/step-up", {"method": "password", "code": PASSWORD}))
        name = good(owner.call("PUT", "/api/v1/lan", {"is_on": True, "port": PORT}))["name"]
        with owner._opener.open(f"{owner.url}/api/v1/lan/authority.crt", timeout=20) as answer:
            install(folder, answer.read())
        invited = good(owner.call("POST", "/api/v1/pairing", {"max_role": "viewer", "host": name}))
        browser = start(playwright, name)
        page = browser.new_page(viewport={"width": 820, "height": 1180})
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(invited["url"])
        page.locator("button[type=submit]").click()
        page.wait_for_selector(".six-words li b")
        shown = page.locator(".six-words li b").all_inner_texts()
        words = good(owner.call("GET", f"/api/v1/pairing/{invited['id']}"))["words"]
        good(owner.call("POST", f"/api/v1/pairing/{invited['id']}/confirm", {"name": "iPad"}))
        page.wait_for_selector("text=配对完成")
        page.goto(f"https://{name}:{PORT}/")
        cookies = {cookie["name"]: (cookie["secure"], cookie["httpOnly"]) for cookie in page.context.cookies()}
        found = {
            "tablet": shown,
            "window": words,
            "ends_on": page.url.partition(str(PORT))[2],
            "cookies": cookies,
            "faults": faults,
        }
        browser.close()
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))

"""The whole program as it is started for the owner: real supervisor, web and worker, asked through HTTP."""

import http.cookiejar
import json
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from quantbox.core.processes import process_alive
from quantbox.core.program_file import find_program
from tests.least_cost import LEAST_MEMORY_KIB

ROOT = Path(__file__).resolve().parents[2]
PHRASE = "correct horse battery"
OWNER = {"name": "owner", "password": "tall grass, 9 herons"}

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from quantbox.core.paths import DataFolder
from quantbox.desktop.supervisor import run
from quantbox.vault.wrappers import passphrase
passphrase.STANDARD_MEMORY_KIB = {least_cost}
folder = DataFolder(Path({folder!r}))
sys.exit(run(folder, port=None, open_window=False, on_ready=lambda url: print(url, flush=True)))
"""


class Browser:
    def __init__(self, url):
        self.url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def get(self, path):
        with self.opener.open(f"{self.url}/api/v1{path}", timeout=30) as answer:
            return json.load(answer)

    def post(self, path, body=None):
        headers = {"Content-Type": "application/json", "Origin": self.url, "X-CSRF-Token": self.get("/status")["csrf_token"]}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", json.dumps(body or {}).encode(), headers, method="POST")
        try:
            with self.opener.open(request, timeout=90) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            return json.load(refusal)


@pytest.fixture
def start(data_folder):
    started = []

    def start():
        code = textwrap.dedent(PROGRAM).format(root=str(ROOT), folder=str(data_folder.root), least_cost=LEAST_MEMORY_KIB)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, Browser(process.stdout.readline().strip())

    yield start
    for process in started:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)
    return found


def children(process):
    return {
        word: child
        for child in psutil.Process(process.pid).children()
        for word in ("web", "worker")
        if process_alive(child.pid) and word in child.cmdline()
    }


def test_the_program_from_an_empty_folder_through_kills_of_web_and_supervisor(start, data_folder):
    process, browser = start()
    assert browser.get("/status")["state"] == "new"
    assert browser.post("/vault/create", {"passphrase": "short", **OWNER})["code"] == "vault.passphrase_short"
    assert browser.post("/vault/create", {"passphrase": PHRASE, **OWNER})["state"] == "signed_in"
    wait_until(lambda: len(children(process)) == 2)

    web = children(process)["web"]
    web.kill()
    killed = time.monotonic()

    def back():
        try:
            return browser.get("/status")["state"] == "signed_in"  # the same cookie, and no pass phrase
        except OSError:
            return False

    wait_until(back)
    assert time.monotonic() - killed < 5

    assert browser.post("/vault/lock")["state"] == "locked"
    assert set(children(process)) == {"web"}
    assert find_program(data_folder).state == "locked"
    assert browser.post("/vault/unlock", {"passphrase": "not this one"})["code"] == "vault.passphrase_wrong"
    assert browser.post("/vault/unlock", {"passphrase": PHRASE})["state"] == "unlocked"
    assert browser.post("/session/password", OWNER)["state"] == "signed_in"
    assert find_program(data_folder).is_unlocked

    everyone = [
        process.pid,
        *(child.pid for child in wait_until(lambda: len(children(process)) == 2 and children(process)).values()),
    ]
    process.kill()
    wait_until(lambda: not any(process_alive(pid) for pid in everyone), seconds=5)
    _, browser = start()
    assert browser.get("/status")["state"] == "locked"
    assert browser.post("/vault/unlock", {"passphrase": PHRASE})["state"] == "unlocked"
    assert browser.post("/session/password", OWNER)["state"] == "signed_in"

"""The program as a user starts it: commands as processes, and the serving program driven over its own API."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PASSPHRASE = "correct horse 青石板渡口"
OWNER, PASSWORD = "林溪", "青瓦檐下 rain 七声"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Answer:
    """What a command ended with."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """Return stdout as the one JSON document it must be."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document


def environment() -> dict[str, str]:
    """Return this process's environment without what would change the program's answers."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("QUANTBOX_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a command without waiting for it; its pass phrase costs the least accepted."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.least_cost", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(),
        cwd=ROOT,
    )


def finish(process: subprocess.Popen[str], seconds: float = 110) -> Answer:
    """Wait for a command."""
    stdout, stderr = process.communicate(timeout=seconds)
    return Answer(process.returncode, stdout, stderr)


class Store:
    """A data folder with its pass phrase file, and commands on it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "store"
        self.passphrase_file = folder / "passphrase.txt"
        self.passphrase_file.write_text(PASSPHRASE + "\n", encoding="utf-8")

    def arguments(self, *words: str) -> list[str]:
        """Return a command's words with this store's options."""
        return [*words, "--data-dir", str(self.root), "--passphrase-file", str(self.passphrase_file), "--json"]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command on the store."""
        return start(*self.arguments(*words))

    def run(self, *words: str) -> Answer:
        """Run a command on the store."""
        return finish(self.start(*words))


class Client:
    """A browser's side of the API: cookies and the CSRF token."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return (status, JSON answer)."""
        headers = {"Content-Type": "application/json", "Origin": self.url}
        if method != "GET":
            headers["X-CSRF-Token"] = self.call("GET", "/api/v1/status")[1]["csrf_token"]
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=60) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read() or b"null")

    def unlock(self, passphrase: str = PASSPHRASE) -> None:
        """Open the store."""
        status, answer = self.call("POST", "/api/v1/vault/unlock", {"passphrase": passphrase})
        assert status == 200, answer

    def sign_in(self, passphrase: str = PASSPHRASE) -> None:
        """Unlock the store and sign its owner in; one who has no password yet is given one first."""
        self.unlock(passphrase)
        owner = {"name": OWNER, "password": PASSWORD}
        if self.call("GET", "/api/v1/status")[1]["owner_password_missing"]:
            status, answer = self.call("POST", "/api/v1/owner/password", {"passphrase": passphrase, **owner})
        else:
            status, answer = self.call("POST", "/api/v1/session/password", owner)
        assert (status, answer["state"]) == (200, "signed_in"), answer


def program_state(folder: Path) -> dict[str, Any] | None:
    """Return what the program file says, or None."""
    try:
        state: dict[str, Any] = json.loads((folder / "run" / "program.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state


def own_state(process: subprocess.Popen[str], folder: Path) -> dict[str, Any] | None:
    """Return what the program file says once `process` itself wrote it; one killed before leaves its own behind."""
    assert process.poll() is None, process.communicate()
    state = program_state(folder)
    return state if state is not None and state["pid"] == process.pid else None


def wait_until(check: Any, seconds: float = 30.0) -> Any:
    """Return what `check` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


@contextmanager
def serving(store: Store, *options: str) -> Iterator[tuple[psutil.Process, Client]]:
    """Run `quantbox serve` on the store until the block ends; yields the supervisor and a client."""
    process = start("serve", "--data-dir", str(store.root), *options)
    try:
        state = wait_until(lambda: own_state(process, store.root))
        client = Client(state["url"])

        def answers() -> bool:
            try:
                return client.call("GET", "/api/v1/status")[0] == 200
            except (OSError, http.client.HTTPException):
                return False

        wait_until(answers)
        yield psutil.Process(process.pid), client
    finally:
        everyone = (
            [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
        )
        process.terminate()
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        for left in psutil.wait_procs(everyone, timeout=5)[1]:
            left.kill()

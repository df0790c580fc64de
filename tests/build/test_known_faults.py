"""The look-up of known vulnerabilities, against services of our own: clean, at fault, out of reach, and unknown packages."""

from __future__ import annotations

import argparse
import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
RECORD = "# Record\n<!-- last complete run -->\nNot run here yet.\n<!-- end -->\n"


class Services:
    """An OSV service and an npm registry on this machine.

    Attributes
    ----------
    python, browser : dict
        What is vulnerable, by name: the advisory.
    is_down : bool
        Answer nothing but 503.
    """

    def __init__(self) -> None:
        self.python: dict[str, str] = {}
        self.browser: dict[str, str] = {}
        self.is_down = False
        self.asked: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = outer.answer(self.path, body, self.headers.get("Content-Encoding") == "gzip")
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, body: bytes, is_packed: bool) -> tuple[int, dict[str, Any]]:
        if self.is_down:
            return 503, {}
        if path == "/v1/query":
            name = json.loads(body)["package"]["name"]
            self.asked.add(name)
            if name not in self.python:
                return 200, {}
            affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": []}]
            return 200, {"vulns": [{"id": self.python[name], "summary": "a fault", "affected": affected}]}
        import gzip

        asked = json.loads(gzip.decompress(body) if is_packed else body)
        self.asked |= set(asked)
        return 200, {
            name: [{"id": 1, "url": url, "title": "a fault", "severity": "high", "vulnerable_versions": "*"}]
            for name, url in self.browser.items()
            if name in asked
        }


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    for name in ("HTTP_PROXY", "http_proxy", "npm_config_proxy"):
        monkeypatch.delenv(name, raising=False)
    services = Services()
    thread = threading.Thread(target=services.server.serve_forever, daemon=True)
    thread.start()
    yield services
    services.server.shutdown()
    services.server.server_close()


@pytest.fixture
def known_faults(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BUILD))
    module = importlib.import_module("known_faults")
    monkeypatch.setattr(module.environment, "ensure", lambda *_groups: None)
    return module


def run(known_faults: ModuleType, services: Services, folder: Path) -> tuple[int, str]:
    record = folder / "record.md"
    record.write_text(RECORD, encoding="utf-8")
    arguments = ["--osv-url", services.url + "/v1/query", "--npm-registry", services.url, "--out", str(folder / "dist")]
    status: int = known_faults.audit([*arguments, "--record", str(record)])
    return status, record.read_text(encoding="utf-8")


def test_a_clean_run_looks_up_everything_keeps_its_date_and_lists_the_parts(
    known_faults: ModuleType, services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, record = run(known_faults, services, tmp_path)
    assert status == 0, capsys.readouterr().out
    locked = {name for packages in known_faults.locked_python_packages() for name in packages}
    assert locked | {"echarts", "@alpinejs/csp", "esbuild"} <= services.asked
    assert {"pywin32-ctypes", "pytest", "flask"} <= locked, "of every platform and group"
    assert "Not run here" not in record
    assert "0 with known vulnerabilities" in record
    for name, part in (("python", "flask"), ("browser", "echarts")):
        parts = json.loads((tmp_path / "dist" / f"sbom-{name}.cdx.json").read_text(encoding="utf-8"))
        assert parts["bomFormat"] == "CycloneDX"
        assert part in {one["name"] for one in parts["components"]}


def test_what_is_vulnerable_fails_the_run_and_is_named(
    known_faults: ModuleType, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    services.python["flask"] = "PYSEC-2026-1"
    services.browser["echarts"] = "https://advisories.example/1"
    options = argparse.Namespace(osv_url=services.url + "/v1/query", npm_registry=services.url)
    assert known_faults.pip_audit({"flask": "3.1.2", "huey": "3.5.0"}, options) == ["  flask 3.1.2: PYSEC-2026-1"]
    assert known_faults.look_up_browser(options)[1] == ["  echarts: high"]


def test_a_service_out_of_reach_is_not_read_as_clean(
    known_faults: ModuleType,
    services: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(known_faults, "write_parts_lists", lambda _folder: [])  # asks no service
    services.is_down = True
    status, record = run(known_faults, services, tmp_path)
    said = capsys.readouterr().out
    assert status == 1
    assert "NOT COMPLETE, and so not clean" in said
    assert "pip-audit could not ask" in said
    assert "npm audit could not ask" in said
    assert record == RECORD, "the record of the last complete run stays"


def test_a_package_the_service_does_not_know_is_not_read_as_clean(
    known_faults: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pip-audit then ends with 0 and "no known vulnerabilities"; this is its answer as seen with a service that knows nothing."""
    answer = {"dependencies": [{"name": "flask", "version": "3.1.2", "vulns": []}, {"name": "huey", "skip_reason": "not found"}]}
    stand_in = f"import sys\nopen(sys.argv[sys.argv.index('--output') + 1], 'w').write({json.dumps(answer)!r})\n"
    (tmp_path / "pip_audit.py").write_text(stand_in, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    options = argparse.Namespace(osv_url=None, npm_registry=None)
    assert known_faults.pip_audit({"flask": "3.1.2"}, options) == []
    with pytest.raises(known_faults.Incomplete, match="1 of 2: huey"):
        known_faults.pip_audit({"flask": "3.1.2", "huey": "3.5.0"}, options)
    with pytest.raises(known_faults.Incomplete, match="1 of 1: flask"):
        known_faults.pip_audit({"flask": "3.1.3"}, options)


def test_the_record_that_is_committed_says_when_or_that_it_was_not_run(known_faults: ModuleType) -> None:
    text = known_faults.RECORD.read_text(encoding="utf-8")
    kept = text.split(known_faults.MARKS[0])[1].split(known_faults.MARKS[1])[0]
    assert "Not run here yet" in kept or "0 with known vulnerabilities" in kept

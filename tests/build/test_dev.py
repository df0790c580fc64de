"""The one door: what it refuses, what it locks, how quickly it sees that nothing is to do."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BUILD))
    return importlib.import_module("environment")


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BUILD))
    return importlib.import_module("lock")


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0), (2, 7, 18)])
def test_another_python_is_refused_in_one_sentence(version: tuple[int, int, int]) -> None:
    program = f"import sys; sys.version_info = {version}; sys.argv = ['dev.py', 'run']; exec(open({str(BUILD / 'dev.py')!r}, encoding='utf-8').read())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"{version[0]}.{version[1]}" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_locked_package_has_a_version_and_hashes_and_no_address_stands_in_the_file(lock: ModuleType) -> None:
    text = lock.FILE.read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S+", text) == []
    assert "index-url" not in text
    for group in lock.GROUPS:
        for name, block in lock.packages(lock.read(group)).items():
            assert re.match(r"[A-Za-z0-9._-]+==\S+", name), name
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), name


def test_the_run_group_locks_what_the_project_asks_for_and_nothing_for_developers(lock: ModuleType) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {re.split(r"[<>=;\[ ]", line)[0].lower().replace("_", "-") for line in project["dependencies"]}
    locked = {name.split("==")[0] for name in lock.packages(lock.read("run"))}
    assert asked <= locked
    assert not locked & {"pytest", "ruff", "mypy", "playwright", "uv"}


def test_npm_lock_file_names_hashes_and_no_address() -> None:
    text = (BUILD / "assets" / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity": "sha512-' in text
    # Package pages of authors (funding) are no source of code; what npm would fetch from is `resolved`.
    assert '"resolved"' not in text


def test_a_second_set_up_sees_in_half_a_second_that_nothing_is_to_do() -> None:
    command = [sys.executable, str(BUILD / "dev.py"), "setup"]
    subprocess.run(command, check=True, capture_output=True)
    for _ in range(20):  # what else this machine does meanwhile is no part of it
        began = time.monotonic()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.monotonic() - began
        assert "[set-up]" not in done.stdout
        if seconds < 0.5:
            break
    assert seconds < 0.5  # promised


def test_an_interrupted_environment_is_made_again(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / ".venv"
    (broken / "bin").mkdir(parents=True)
    (broken / "left-over").touch()
    places = {"VENV": broken, "STAMPS": broken / "quantbox-setup", "BIN": broken / environment.BIN.name}
    for name, place in {**places, "PYTHON": broken / environment.BIN.name / environment.PYTHON.name}.items():
        monkeypatch.setattr(environment, name, place)
    builder = environment.venv.EnvBuilder
    asked: list[bool] = []

    def without_pip(*, with_pip: bool) -> Any:  # unpacking pip takes most of the time, and is the standard library's own
        asked.append(with_pip)
        return builder(with_pip=False)

    monkeypatch.setattr(environment.venv, "EnvBuilder", without_pip)
    environment.make_environment()
    assert asked == [True]
    assert not (broken / "left-over").exists()
    assert subprocess.check_output(
        [str(environment.PYTHON), "-c", "import quantbox; print(quantbox.__version__)"], text=True
    ).strip()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_wheel_holds_pages_and_libraries_and_runs_from_an_empty_environment(lock: ModuleType, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(BUILD / "dev.py"), "package", str(tmp_path)], check=True)
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "_resources/templates/",
        "_resources/static/vendor/",
        "_resources/static/locales/zh.json",
        "samples/sma_cross.py",
        "migrations/versions/0001",
    ):
        assert any(part in name for name in names), part
    assert not any("node_modules" in name or name.startswith("tests/") for name in names)
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", str(fresh)], check=True)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(lock.read("run"), encoding="utf-8")
    python = fresh / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run(
        [str(python), "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(requirements)], check=True
    )
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-deps", str(wheel)], check=True)
    quantbox = python.with_name("quantbox")
    done = subprocess.run(
        [str(quantbox), "doctor", "--json", "--data-dir", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert '"ok"' in done.stdout

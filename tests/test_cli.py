"""The command line as a script uses it: one JSON document, exit status, and the same answer beside a running program."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantbox.cli.entry import main, with_command
from quantbox.core.processes import FileLock
from tests.program import PASSPHRASE, ROOT, Answer, Client, Store, environment, finish, serving, start, wait_until

HEADER = "date,open,high,low,close,volume,amount\n"
BUY_AND_HOLD = """
import backtrader as bt


class BuyOnce(bt.Strategy):
    params = (("size", 1000),)

    def next(self):
        if not self.position:
            self.buy(size=self.p.size)
"""


def bars_csv(path: Path, days: int = 10, start_day: int = 2) -> Path:
    """January 2024 opens on Tuesday the 2nd; close rises by 0.10 a day from 10.00, every price within the day's limits."""
    opened = [d for d in range(start_day, 32) if (d - 1) % 7 not in {5, 6}][:days]
    lines = []
    for position, day in enumerate(opened):
        close = Decimal("10.00") + Decimal("0.10") * position
        volume = 1_000_000
        lines.append(
            f"2024-01-{day:02},{close},{close + Decimal('0.05')},{close - Decimal('0.05')},{close},{volume},{close * volume}\n"
        )
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def call(*words: str) -> Answer:
    """Run a command in this process: what starting one takes is proved once, by `init` and by the twenty."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        status = main(words)
    return Answer(status, stdout.getvalue(), stderr.getvalue())


class StoreHere(Store):
    """A store whose commands run in this process, unless they are started."""

    def run(self, *words: str) -> Answer:
        return call(*self.arguments(*words))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a new store, one with bars, and for each what it leaves in the user's state folder."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "new" / "state"))
        (folder / "new").mkdir()
        assert StoreHere(folder / "new").run("init").status == 0
        shutil.copytree(folder / "new", folder / "filled")
        patch.setenv("XDG_STATE_HOME", str(folder / "filled" / "state"))
        answer = StoreHere(folder / "filled").run("data", "import", str(bars_csv(folder / "sh600000.csv")))
        assert answer.status == 0, answer
    return folder


def copy_of(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreHere:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    # the end of the audit log lies there, by the id of the store, which all copies share
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return StoreHere(tmp_path)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUANTBOX_LANGUAGE", "QUANTBOX_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreHere:
    return copy_of(made / "new", tmp_path, monkeypatch)


@pytest.fixture
def filled(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreHere:
    bars_csv(tmp_path / "sh600000.csv")
    return copy_of(made / "filled", tmp_path, monkeypatch)


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    path = tmp_path / "buy_once.py"
    path.write_text(BUY_AND_HOLD, encoding="utf-8")
    return path


def run_words(strategy: Path, *more: str) -> list[str]:
    period = ["--start", "2024-01-01", "--end", "2024-01-31", "--cash", "100000"]
    return ["backtest", "run", str(strategy), "--symbols", "600000", *period, *more]


def test_init_creates_the_store_and_says_where(tmp_path: Path) -> None:
    store = Store(tmp_path)
    answer = store.run("init")
    assert answer.status == 0
    assert answer.document["data_dir"] == str(store.root)
    assert answer.document["version"]


def test_init_leaves_an_existing_store_untouched(store: Store) -> None:
    before = (store.root / "vault.json").read_bytes()
    answer = store.run("init")
    assert (answer.status, answer.document["error"]["code"]) == (1, "vault.exists")
    assert (store.root / "vault.json").read_bytes() == before


@pytest.mark.parametrize(("passphrase", "status"), [("twelve chars", 0), ("十二个汉字的口令就够长了", 0), ("eleven char", 1)])
def test_twelve_characters_are_enough(tmp_path: Path, passphrase: str, status: int) -> None:
    store = StoreHere(tmp_path)
    store.passphrase_file.write_text(passphrase + "\r\nsecond line", encoding="utf-8")
    assert store.run("init").status == status


def test_json_never_prompts(store: Store) -> None:
    answer = call("data", "check", "--data-dir", str(store.root), "--json")
    assert (answer.status, answer.document["error"]["code"]) == (1, "app.passphrase_needed")


@pytest.mark.parametrize(
    "words", [["data", "frobnicate"], ["backtest", "run"], ["data", "show", "600000", "--start", "yesterday"], ["--nonsense"]]
)
def test_wrong_usage_is_status_2_and_json(words: list[str]) -> None:
    answer = call(*words, "--json")
    assert (answer.status, answer.document["error"]["code"]) == (2, "cli.wrong_usage")


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ([], ["window"]),
        (["--data-dir", "d"], ["window", "--data-dir", "d"]),
        (["init"], ["init"]),
        (["--version"], ["--version"]),
    ],
)
def test_the_window_is_the_command_where_none_is_named(words: list[str], whole: list[str]) -> None:
    assert with_command(words) == whole


def test_a_command_loads_neither_the_web_nor_the_migrations() -> None:
    program = (
        "import sys; from quantbox.app.store_access import load_for; load_for('data.import'); "
        "print({'flask', 'jinja2', 'werkzeug', 'alembic', 'pandas', 'scipy', 'backtrader'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout.strip() == "set()"


def test_wrong_passphrase_is_refused(store: Store) -> None:
    store.passphrase_file.write_text("not the pass phrase\n", encoding="utf-8")
    answer = store.run("data", "check")
    assert (answer.status, answer.document["error"]["code"]) == (1, "vault.passphrase_wrong")


def test_no_store_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    answer = StoreHere(tmp_path).run("data", "check")
    assert (answer.status, answer.document["error"]["code"]) == (1, "app.store_missing")
    assert "init" in answer.document["error"]["hint"]


def checks(answer: Answer) -> dict[str, Any]:
    return {check["name"]: check for check in answer.document["checks"]}


def test_doctor_answers_before_init_and_without_a_passphrase(tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    answer = call("doctor", "--data-dir", str(folder), "--json")
    assert (answer.status, checks(answer)["key_state"]["value"]) == (0, "none")
    assert not folder.exists()


def test_doctor_reports_what_needs_the_passphrase_as_locked_and_with_it_looks(filled: Store) -> None:
    locked = checks(call("doctor", "--data-dir", str(filled.root), "--json"))
    assert {name for name, check in locked.items() if check["value"] == "locked"} >= {
        "queue",
        "market_data",
        "calendar_end",
        "schema",
        "key_state",
    }
    opened = checks(filled.run("doctor"))
    assert opened["schema"]["value"] == "ok"
    assert opened["queue"]["value"] == {"waiting": 0, "running": 0}
    assert opened["market_data"]["value"]["symbols"] == 1
    for check in opened.values():
        assert set(check) == {"name", "ok", "value", "action"}
        assert check["ok"] or check["action"]


def test_doctor_of_an_empty_store_knows_no_first_and_last_day(store: Store) -> None:
    value = checks(store.run("doctor"))["market_data"]["value"]
    assert (value["first"], value["last"]) == (None, None)


def test_doctor_reports_while_another_command_holds_the_store(filled: Store) -> None:
    lock = FileLock(filled.root / "store.lock")
    assert lock.acquire(5)
    try:
        answer = filled.run("doctor", "--wait", "0")
    finally:
        lock.release()
    found = checks(answer)
    assert answer.status == 0
    assert {name for name, check in found.items() if check["value"] == "busy"} == {
        "schema",
        "queue",
        "market_data",
        "calendar_end",
        "audit_chain",
        "backups",
        "offsite",
    }
    assert found["version"]["ok"]


def test_import_again_changes_nothing_and_a_refused_file_is_status_1(filled: Store, tmp_path: Path) -> None:
    stored = {path: path.read_bytes() for path in (filled.root / "market" / "bars").rglob("*.parquet")}
    again = filled.run("data", "import", str(tmp_path / "sh600000.csv"))
    assert again.status == 0
    assert {path: path.read_bytes() for path in (filled.root / "market" / "bars").rglob("*.parquet")} == stored
    (tmp_path / "sh600001.csv").write_text("no,bars,here\n1,2,3\n", encoding="utf-8")
    refused = filled.run("data", "import", str(tmp_path / "sh600001.csv"), str(tmp_path / "sh600000.csv"))
    assert refused.status == 1
    first, second = refused.document["files"]
    assert first["refused"]
    assert second["refused"] is None
    assert set(second) >= {"path", "format", "symbols", "rows", "first", "last", "adjust", "quarantined", "refused"}
    assert (second["symbols"], second["rows"], second["first"], second["adjust"]) == (["600000.SH"], 10, "2024-01-02", "unknown")


def test_show_answers_in_the_documented_shape(filled: Store) -> None:
    answer = filled.run("data", "show", "sh600000", "--start", "2024-01-03", "--end", "2024-01-04")
    document = answer.document
    assert (document["symbol"], document["adjust"], document["factor_known"]) == ("600000.SH", "none", False)
    assert [bar["date"] for bar in document["bars"]] == ["2024-01-03", "2024-01-04"]
    bar = document["bars"][0]
    assert (bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"], bar["amount"]) == (
        10.1,
        10.15,
        10.05,
        10.1,
        1_000_000,
        10_100_000.0,
    )
    assert set(bar) == {"date", "open", "high", "low", "close", "volume", "amount", "pre_close", "factor"}


def test_a_display_series_is_shown_as_it_is_kept(store: Store, tmp_path: Path) -> None:
    assert store.run("data", "import", str(bars_csv(tmp_path / "sh600000.csv")), "--adjust", "qfq").status == 0
    document = store.run("data", "show", "600000", "--adjust", "qfq").document
    assert (document["display_only"], document["base_date"], document["factor_known"]) == (True, None, False)
    assert (document["bars"][0]["close"], document["bars"][0]["factor"]) == (10.0, None)
    assert store.run("data", "show", "600000").document["error"]["code"] == "market_data.no_series"


def test_a_wait_below_zero_is_wrong_usage(store: Store) -> None:
    assert store.run("data", "check", "--wait", "-1").status == 2


def test_serve_with_json_prints_one_document(store: Store) -> None:
    process = start("serve", "--data-dir", str(store.root), "--json")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
    finally:
        process.terminate()
        rest = process.communicate(timeout=15)[0]
    assert json.loads(line)["url"].startswith("http://localhost:")
    assert rest == ""


def test_backtest_pays_what_the_rules_of_the_day_say(filled: Store, strategy: Path) -> None:
    """Bought at the open of 3 January: 1,000 x 10.10 = 10,100.00; commission max(2.5 bps, 5) = 5.00; transfer fee 0.001 % = 0.10.

    Cash 100,000 - 10,100 - 5 - 0.10 = 89,894.90; ten days end on 15 January at 10.90: 89,894.90 + 10,900 = 100,794.90.
    """
    answer = filled.run(*run_words(strategy))
    assert answer.status == 0, answer
    document = answer.document
    assert document["status"] == "succeeded"
    assert document["trades"] == [
        {
            "date": "2024-01-03",
            "symbol": "600000.SH",
            "side": "buy",
            "price": 10.1,
            "size": 1000,
            "commission": 5.0,
            "stamp_tax": 0.0,
            "transfer_fee": 0.1,
        }
    ]
    assert (document["final_cash"], document["final_value"]) == (89_894.9, 100_794.9)
    assert [point["date"] for point in document["equity"]][::9] == ["2024-01-02", "2024-01-15"]
    assert set(document["fingerprints"]) >= {"code", "data", "rules", "libraries", "seed"}


def test_param_takes_the_type_of_its_default(filled: Store, strategy: Path) -> None:
    assert filled.run(*run_words(strategy, "--param", "size=200")).document["trades"][0]["size"] == 200
    refused = filled.run(*run_words(strategy, "--param", "size=many"))
    assert (refused.status, "error" in refused.document) == (1, True)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (
            "import backtrader as bt\n\n\nclass Broken(bt.Strategy):\n    def next(self):\n        1 / 0\n",
            "backtesting.strategy_error",
        ),
        ("class Broken(\n", "backtesting.syntax_error"),
    ],
)
def test_a_failing_strategy_names_file_and_line(filled: Store, tmp_path: Path, source: str, code: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(source, encoding="utf-8")
    answer = filled.run(*run_words(path))
    error = answer.document["error"]
    assert (answer.status, error["code"], error["file"]) == (1, code, "broken.py")
    assert error["line"] == (6 if "1 / 0" in source else 1)
    if "1 / 0" in source:
        assert error["bar_date"] == "2024-01-02"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--symbols", "600999"], "market_data.symbol_unknown"),
        (["--start", "2023-01-01", "--end", "2023-01-31"], "market_data.no_bars"),
    ],
)
def test_unknown_symbol_and_empty_period_are_errors(filled: Store, strategy: Path, words: list[str], code: str) -> None:
    answer = filled.run(*run_words(strategy, *words))
    assert (answer.status, answer.document["error"]["code"]) == (1, code)


def test_a_held_store_is_waited_for_and_then_told_in_one_sentence(filled: Store) -> None:
    lock = FileLock(filled.root / "store.lock")
    assert lock.acquire(1)
    try:
        answer = filled.run("data", "check", "--wait", "0.3")
    finally:
        lock.release()
    assert (answer.status, answer.document["error"]["code"]) == (1, "app.store_busy")


def start_twenty(store: Store, tmp_path: Path, strategy: Path) -> list[subprocess.Popen[str]]:
    """Start twenty commands, imports and backtests by turns."""
    files = (bars_csv(tmp_path / f"sh6010{number:02}.csv") for number in range(10))
    return [store.start(*(run_words(strategy) if place % 2 else ["data", "import", str(next(files))])) for place in range(20)]


def assert_twenty_succeeded(started: list[subprocess.Popen[str]]) -> None:
    answers = [finish(process, 250) for process in started]
    assert [answer.stdout for answer in answers if answer.status != 0] == []
    assert {answer.document["final_value"] for answer in answers[1::2]} == {100_794.9}


@pytest.mark.timeout(300)
def test_twenty_commands_at_once_all_succeed(filled: Store, tmp_path: Path, strategy: Path) -> None:
    assert_twenty_succeeded(start_twenty(filled, tmp_path, strategy))
    assert filled.run("doctor").document["ok"]


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "fingerprints"} | {"code": document["fingerprints"]["code"]}


@pytest.mark.timeout(300)
def test_a_command_gives_the_same_answer_beside_the_running_program(filled: Store, tmp_path: Path, strategy: Path) -> None:
    alone = filled.run(*run_words(strategy)).document
    with serving(filled) as (_supervisor, client):
        locked = filled.run(*run_words(strategy)).document  # a locked program counts as not running
        assert client.call("GET", "/api/v1/status")[1]["state"] == "locked"
        client.sign_in()
        beside = filled.run(*run_words(strategy)).document
        assert comparable(alone) == comparable(locked) == comparable(beside)
        rows = client.call("GET", "/api/v1/backtests")[1]["items"]
        assert len(rows) == 3
        error = filled.run(*run_words(strategy, "--symbols", "600999"))
        assert (error.status, error.document["error"]["code"]) == (1, "market_data.symbol_unknown")
        assert_twenty_succeeded(start_twenty(filled, tmp_path, strategy))


def test_killing_the_supervisor_ends_all_and_the_next_command_works(filled: Store) -> None:
    with serving(filled) as (supervisor, client):
        client.sign_in()
        everyone = wait_until(lambda: len(found := supervisor.children(recursive=True)) >= 2 and found)
        supervisor.kill()
        _gone, alive = psutil.wait_procs(everyone, timeout=5)
        assert alive == []
    assert filled.run("data", "check").status == 0


@pytest.fixture(scope="module")
def program(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[psutil.Process, Client]]:
    """A serving program whose owner is signed in."""
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(copy_of(made / "filled", tmp_path_factory.mktemp("served"), patch)) as served,
    ):
        served[1].sign_in()
        yield served


def test_nothing_private_is_in_arguments_or_environment(program: tuple[psutil.Process, Client]) -> None:
    supervisor, _client = program
    wait_until(lambda: len(supervisor.children()) >= 2)
    for process in [supervisor, *supervisor.children(recursive=True)]:
        words = "\0".join([*process.cmdline(), *process.environ().values()])
        assert PASSPHRASE not in words


def test_status_is_public_and_signed_out_api_is_refused(program: tuple[psutil.Process, Client]) -> None:
    stranger = Client(program[1].url)
    assert stranger.call("GET", "/api/v1/status")[0] == 200
    assert stranger.call("GET", "/api/v1/backtests")[0] in {401, 403}


def test_an_unforeseen_fault_is_still_one_json_document(store: Store, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import quantbox.vault.service as vault\n\n\ndef unlock(*_words):\n    raise RuntimeError('unforeseen')\n\n\nvault.unlock = unlock\n",
        encoding="utf-8",
    )
    variables = {**environment(), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "quantbox.cli", *store.arguments("data", "check")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=variables, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "cli.internal_error"
    assert "Traceback" in done.stderr

"""What people take along: plain files in an AES-256 ZIP, formula-safe, every number a number (promise 29)."""

from __future__ import annotations

import csv
import io
import json
import secrets
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import pyzipper

from quantbox.backtesting.models import BacktestRequest
from quantbox.backup.plain_export import KINDS
from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.models import Adjust
from quantbox.vault.errors import PassphraseShort
from quantbox.vault.models import Keys
from tests.backup.store import NOW
from tests.web.program import Program

PASSPHRASE = "出走时的口令 two words"
HOLD = """
import backtrader as bt


class Hold(bt.Strategy):
    def next(self):
        if not self.position:
            self.buy(size=200)
"""
OTHER = HOLD.replace("200", "300")


def submit(program: Program, source: str, file_name: str, *, run: bool) -> str:
    request = BacktestRequest(
        source=source,
        file_name=file_name,
        symbols=("600519.SH",),
        start=date(2024, 1, 8),
        end=date(2024, 2, 2),
        cash=Decimal(100_000),
    )
    services = program.open_services
    job = services.backtesting.submit(request, "owner")
    if run:
        ended = services.job_runner.run(job.id)
        assert ended is not None
        assert ended.state.value == "succeeded", ended.reason
    return job.id


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program with its store open; the keys are made without the cost of a pass phrase."""
    made = Program(DataFolder(tmp_path_factory.mktemp("data")), FixedClock(NOW))
    made.open(Keys(**{one.name: secrets.token_bytes(32) for one in fields(Keys)}))
    yield made
    made.lock()


@pytest.fixture(scope="module")
def ids(program: Program) -> list[str]:
    """One backtest that ran and bought 200 shares at 10 yuan; two more that wait, one with the same source."""
    days = [day for number in range(28) if (day := date(2024, 1, 8) + timedelta(days=number)).weekday() < 5]
    frame = pl.DataFrame({"symbol": ["600519.SH"] * 20, "date": days}).with_columns(
        *(pl.lit(10.0).alias(name) for name in ("open", "high", "low", "close", "pre_close")),
        pl.lit(1_000_000).alias("volume"),
        pl.lit(10_000_000.0).alias("amount"),
    )
    program.open_services.market_data.write_bars(frame, origin="csv", adjust=Adjust.NONE)
    return [
        submit(program, HOLD, "=hold.py", run=True),
        submit(program, OTHER, "other.py", run=False),
        submit(program, HOLD, "again.py", run=False),
    ]


def write(program: Program, kinds: Any = KINDS) -> bytes:
    return program.open_services.plain_export.write("owner", PASSPHRASE, kinds)


def read(content: bytes) -> dict[str, bytes]:
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        archive.setpassword(PASSPHRASE.encode())
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_different_strategy_comes_along_once_with_what_it_was_called(program: Program, ids: list[str]) -> None:
    files = read(write(program))
    assert set(files) == {
        "strategies/strategy-0001.py",
        "strategies/strategy-0002.py",
        "strategies/index.json",
        "trades.csv",
        "backtests.json",
        "settings.json",
    }
    assert files["strategies/strategy-0001.py"].decode() == HOLD
    assert files["strategies/strategy-0002.py"].decode() == OTHER
    index = json.loads(files["strategies/index.json"])
    assert [(one["file_name"], one["backtests"]) for one in index] == [("=hold.py", [ids[0], ids[2]]), ("other.py", [ids[1]])]


def test_trades_are_a_table_no_spreadsheet_computes(program: Program, ids: list[str]) -> None:
    head, trade = csv.reader(io.StringIO(read(write(program))["trades.csv"].decode("utf-8-sig"), newline=""))
    row = dict(zip(head, trade, strict=True))
    # 200 shares at 10 yuan on the second day; commission 2000 x 2.5 bps = 0.50, at least 5; no stamp tax on a purchase;
    # transfer fee 2000 x 0.001 % = 0.02
    assert (row["date"], row["symbol"], row["side"]) == ("2024-01-09", "600519.SH", "buy")
    assert [float(row[name]) for name in ("price", "size", "commission", "stamp_tax", "transfer_fee")] == [10, 200, 5, 0, 0.02]
    assert row["backtest_id"] == ids[0]
    assert row["title"].startswith("'=hold")


def test_results_and_settings_come_as_json(program: Program, ids: list[str]) -> None:
    files = read(write(program))
    results = json.loads(files["backtests.json"])
    assert {one["id"]: one["state"] for one in results} == {ids[0]: "succeeded", ids[1]: "queued", ids[2]: "queued"}
    done = next(one for one in results if one["id"] == ids[0])
    assert done["final_value"] == 100_000 - 5 - 0.02
    assert "source" not in json.dumps(results)
    assert json.loads(files["settings.json"])["commission_bps"] == "2.5"


def test_only_what_was_asked_for_comes_along(program: Program, ids: list[str]) -> None:
    assert set(read(write(program, ["settings"]))) == {"settings.json"}


def test_each_entry_is_aes_256_as_winzip_defines_it(program: Program, ids: list[str]) -> None:
    """Read with struct alone: encrypted (flag bit 0), method 99, extra field 0x9901 with vendor AE and strength 3."""
    content = write(program)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:  # the standard library reads the directory, and no content
        entries = archive.infolist()
        with pytest.raises((RuntimeError, NotImplementedError)):
            archive.read(entries[0])
    assert len(entries) == 6
    for entry in entries:
        signature, _version, flags, method = struct.unpack_from("<4sHHH", content, entry.header_offset)
        name_length, extra_length = struct.unpack_from("<HH", content, entry.header_offset + 26)
        extra = content[entry.header_offset + 30 + name_length :][:extra_length]
        header, size, _vendor_version, vendor, strength, _method = struct.unpack("<HHH2sBH", extra[:11])
        assert (signature, flags & 1, method) == (b"PK\x03\x04", 1, 99)
        assert (header, size, vendor, strength) == (0x9901, 7, b"AE", 3)


def test_nothing_can_be_read_without_the_pass_phrase(program: Program, ids: list[str]) -> None:
    content = write(program)
    for marker in (b"backtrader", b"hold", b"600519", b"commission"):
        assert marker not in content
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        archive.setpassword(b"a wrong pass phrase")
        with pytest.raises(RuntimeError, match="Bad password"):
            archive.read("trades.csv")


def test_a_short_pass_phrase_is_refused(program: Program) -> None:
    with pytest.raises(PassphraseShort):
        program.open_services.plain_export.write("owner", "eleven char", KINDS)

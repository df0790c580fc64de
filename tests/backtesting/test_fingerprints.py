"""The same input has the same fingerprint, and every change in it another."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from quantbox.backtesting.fingerprints import compute_fingerprints, digest_fingerprints, hash_bars
from quantbox.backtesting.inputs import RunInput
from quantbox.backtesting.models import Costs
from quantbox.market_data.models import Adjust
from tests.backtesting.made_by_hand import DAYS, make_feed, make_run

RULES = {"marina-rules": "2026.10.26"}


def data_of(run: RunInput) -> str:
    return str(compute_fingerprints(run, RULES)["data"])


def test_code_is_the_sha256_of_the_text() -> None:
    run = make_run(source="import backtrader\n# 均线\n")
    assert compute_fingerprints(run, RULES)["code"] == hashlib.sha256("import backtrader\n# 均线\n".encode()).hexdigest()


def test_bars_are_hashed_as_their_values_byte_for_byte() -> None:
    bars = pl.DataFrame(
        {"date": [date(1970, 1, 2), date(1970, 1, 3)], "close": [10.5, None]}, schema={"date": pl.Date, "close": pl.Float64}
    )
    expected = hashlib.sha256(
        b"date:2;" + b"\0\0" + struct.pack("<2i", 1, 2) + b"close:2;" + b"\0\1" + struct.pack("<2d", 10.5, 0.0)
    ).hexdigest()
    assert hash_bars(bars) == expected


def test_same_bars_in_other_memory_have_the_same_fingerprint() -> None:
    bars = make_feed().bars
    pieces = pl.concat([bars[:2], bars[2:]], rechunk=False)
    assert hash_bars(pieces) == hash_bars(bars)


@pytest.mark.parametrize(
    "changed",
    [
        {"closes": (10, 10, 10, 10, 10.01)},
        {"pre_close": [10.0, 10.0, 10.0, 10.0, None]},
        {"pre_close": [10.0, 10.0, 10.0, 10.0, 9.9]},
        {"is_st": [False, False, False, False, True]},
        {"is_st": [False, False, False, False, None]},
        {"volume": [1_000_000, 1_000_000, 1_000_000, 1_000_000, 999_999]},
        {"suspended": (DAYS[2],)},
        {"adjust": Adjust.UNKNOWN},
        {"listed_on": None},
        {"symbol": "600001.SH"},
    ],
)
def test_any_change_in_what_is_fed_changes_the_data_fingerprint(changed: dict[str, Any]) -> None:
    assert data_of(make_run(make_feed(**changed))) != data_of(make_run(make_feed()))


def test_order_of_feeds_sessions_and_benchmark_count_as_data() -> None:
    first, second = make_feed(), make_feed("000001.SZ")
    base = make_run(first, second)
    assert data_of(make_run(second, first)) != data_of(base)
    assert data_of(replace(base, sessions=DAYS[1:])) != data_of(base)
    assert data_of(replace(base, benchmark=second)) != data_of(base)


@pytest.mark.parametrize(
    "changed",
    [
        {"cash": Decimal(10_001)},
        {"params": {"fast": "6"}},
        {"rules": False},
        {"costs": Costs(Decimal(3), Decimal(5))},
        {"class_name": "Other"},
        {"end": DAYS[3]},
    ],
)
def test_settings_have_a_fingerprint_of_their_own(changed: dict[str, Any]) -> None:
    before, after = compute_fingerprints(make_run(), RULES), compute_fingerprints(make_run(**changed), RULES)
    assert before["params"] != after["params"]
    assert (before["code"], before["data"]) == (after["code"], after["data"])


def test_versions_of_everything_that_decides_a_result_are_named() -> None:
    libraries = compute_fingerprints(make_run(), RULES)["libraries"]
    assert libraries.keys() == {
        "quantbox", "python", "backtrader", "numpy", "polars", "pandas", "marina-rules", "empyrical-reloaded",
    }  # fmt: skip
    assert libraries["backtrader"] == "1.9.78.123"


def test_digests_are_one_sha256_for_each_part() -> None:
    digests = digest_fingerprints(compute_fingerprints(make_run(), RULES))
    assert digests.keys() == {"code", "data", "rules", "libraries", "params"}
    assert all(len(digest) == 64 for digest in digests.values())
    other = digest_fingerprints(compute_fingerprints(make_run(), {"marina-rules": "2027.1.1"}))
    assert other["rules"] != digests["rules"]

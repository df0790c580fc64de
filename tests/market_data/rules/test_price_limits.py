from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import marina_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.core.money import exact
from quantbox.market_data.rules import limit_band, limit_prices
from tests.market_data.baostock import read_raw

MAIN, SZ_MAIN, CHINEXT, STAR, BSE = "600519.SH", "000001.SZ", "300750.SZ", "688981.SH", "920002.BJ"


def limits(
    symbol: str,
    on: str,
    pre_close: str = "10.00",
    *,
    is_st: bool | None = False,
    listed_on: str | None = None,
    session: int | None = None,
) -> tuple[str, str] | None:
    listing = None if listed_on is None else date.fromisoformat(listed_on)
    upper, lower = limit_prices(
        symbol,
        date.fromisoformat(on),
        Decimal(pre_close),
        is_st=is_st,
        listed_on=listing,
        sessions_since_listing=session,
    )
    assert (upper is None) == (lower is None)
    return None if upper is None else (str(upper), str(lower))


@pytest.mark.parametrize(
    ("symbol", "on", "is_st", "expected"),
    [
        (MAIN, "1996-12-13", False, None),  # limits were brought in on 1996-12-16
        (MAIN, "1996-12-16", False, ("11.00", "9.00")),
        (MAIN, "2026-11-20", False, ("11.00", "9.00")),
        (MAIN, "1998-04-21", True, ("11.00", "9.00")),  # ST limits since 1998-04-22
        (MAIN, "1998-04-22", True, ("10.50", "9.50")),
        (MAIN, "2026-07-03", True, ("10.50", "9.50")),
        (MAIN, "2026-07-06", True, ("11.00", "9.00")),  # revision of 2026: ST like the rest
        (SZ_MAIN, "2010-01-04", False, ("11.00", "9.00")),
        (CHINEXT, "2009-10-30", False, ("11.00", "9.00")),
        (CHINEXT, "2020-08-21", False, ("11.00", "9.00")),
        (CHINEXT, "2020-08-24", False, ("12.00", "8.00")),
        (CHINEXT, "2020-08-21", True, ("10.50", "9.50")),
        (CHINEXT, "2020-08-24", True, ("12.00", "8.00")),
        (STAR, "2019-07-29", False, ("12.00", "8.00")),
        (STAR, "2024-01-02", True, ("12.00", "8.00")),
        (BSE, "2021-11-15", False, ("13.00", "7.00")),
        (BSE, "2024-01-02", True, ("13.00", "7.00")),
        ("900901.SH", "2024-01-02", False, ("11.000", "9.000")),
        ("510050.SH", "2024-01-02", None, ("11.000", "9.000")),
        ("588000.SH", "2024-01-02", None, ("12.000", "8.000")),
        ("159915.SZ", "2020-08-21", None, ("11.000", "9.000")),
        ("159915.SZ", "2020-08-24", None, ("12.000", "8.000")),
        ("113050.SH", "2022-07-29", None, None),
        ("113050.SH", "2022-08-01", None, ("12.000", "8.000")),
        ("000300.SH", "2024-01-02", None, None),
        ("204001.SH", "2024-01-02", None, None),
    ],
)
def test_limits_follow_board_risk_warning_and_date(
    symbol: str, on: str, is_st: bool | None, expected: tuple[str, str] | None
) -> None:
    assert limits(symbol, on, is_st=is_st) == expected


@pytest.mark.parametrize(
    ("pre_close", "expected"),
    [
        ("10.05", ("11.06", "9.05")),  # 11.055 and 9.045 both round half up
        ("9.99", ("10.99", "8.99")),  # 10.989, 8.991
        ("1.04", ("1.14", "0.94")),  # 1.144, 0.936
        ("12.37", ("13.61", "11.13")),  # 13.607, 11.133
        ("1725.00", ("1897.50", "1552.50")),
    ],
)
def test_limit_prices_round_half_up_to_the_tick(pre_close: str, expected: tuple[str, str]) -> None:
    assert limits(MAIN, "2024-01-02", pre_close) == expected


def test_a_band_below_one_tick_is_one_tick_where_and_since_the_exchange_says_so() -> None:
    # 0.04 * 1.1 = 0.044 rounds to 0.04 itself.
    assert limits(SZ_MAIN, "2011-02-25", "0.04") == ("0.04", "0.04")
    assert limits(SZ_MAIN, "2011-02-28", "0.04") == ("0.05", "0.03")
    assert limits(MAIN, "2023-04-07", "0.04") == ("0.04", "0.04")
    assert limits(MAIN, "2023-04-10", "0.04") == ("0.05", "0.03")


@pytest.mark.parametrize(
    ("symbol", "listed_on", "on", "session", "expected"),
    [
        (MAIN, "2010-03-01", "2010-03-01", 0, None),  # first day free of limits
        (MAIN, "2010-03-01", "2010-03-02", 1, ("11.00", "9.00")),
        (MAIN, "2014-07-01", "2014-07-01", 0, ("14.40", "6.40")),  # +44 % / -36 % of the issue price
        (SZ_MAIN, "2014-06-12", "2014-06-12", 0, None),
        (SZ_MAIN, "2014-06-13", "2014-06-13", 0, ("14.40", "6.40")),
        (MAIN, "2023-04-10", "2023-04-10", 0, None),
        (MAIN, "2023-04-10", "2023-04-14", 4, None),
        (MAIN, "2023-04-10", "2023-04-17", 5, ("11.00", "9.00")),
        (MAIN, "2023-04-06", "2023-04-10", 2, ("11.00", "9.00")),  # listed under the old regime, which goes on for it
        (CHINEXT, "2020-08-21", "2020-08-21", 0, ("14.40", "6.40")),
        (CHINEXT, "2020-08-21", "2020-08-24", 1, ("12.00", "8.00")),
        (CHINEXT, "2020-08-24", "2020-08-28", 4, None),
        (CHINEXT, "2020-08-24", "2020-08-31", 5, ("12.00", "8.00")),
        (STAR, "2019-07-22", "2019-07-26", 4, None),
        (STAR, "2019-07-22", "2019-07-29", 5, ("12.00", "8.00")),
        (BSE, "2023-06-20", "2023-06-20", 0, None),
        (BSE, "2023-06-20", "2023-06-21", 1, ("13.00", "7.00")),
        ("508000.SH", "2021-06-21", "2021-06-21", 0, ("13.000", "7.000")),
        ("508000.SH", "2021-06-21", "2021-06-22", 1, ("11.000", "9.000")),
        ("113050.SH", "2022-08-05", "2022-08-05", 0, ("15.730", "5.670")),
    ],
)
def test_the_first_sessions_follow_the_regime_of_the_listing(
    symbol: str, listed_on: str, on: str, session: int, expected: tuple[str, str] | None
) -> None:
    assert limits(symbol, on, listed_on=listed_on, session=session) == expected


def test_what_is_not_known_counts_as_usual_and_is_said() -> None:
    on = date(2024, 1, 2)
    assert limits(MAIN, "2024-01-02", is_st=None) == ("11.00", "9.00")
    assert limit_band(MAIN, on, None).assumed == ("not_st", "seasoned")
    assert limit_band(MAIN, on, False, None, 100).assumed == ()
    assert limit_band("510050.SH", on, None, None, 100).assumed == ()


def test_the_record_behind_a_limit_can_be_named() -> None:
    record = limit_band(MAIN, date(2024, 1, 2), True).record
    assert record is not None
    assert record.id == "cn.limit.st_main.1998-04-22"
    assert record.verification == "verified"
    assert record.source.startswith("http")


SCOPES = [
    (MAIN, "main_board", "st_main", "XSHG"),
    (SZ_MAIN, "main_board", "st_main", "XSHE"),
    (CHINEXT, "chinext", "st_chinext", "XSHE"),
    (STAR, "star", "st_star", "XSHG"),
    (BSE, "bse", "st_bse", "BJSE"),
]


@given(
    st.sampled_from(SCOPES),
    st.integers(5, 500_000),
    st.booleans(),
    st.dates(date(2021, 11, 15), date(2026, 12, 31)),
)
def test_our_prices_are_those_of_the_library(scope: tuple[str, str, str, str], fen: int, is_st: bool, on: date) -> None:
    symbol, usual, risk, market = scope
    pre_close = Decimal(fen) / 100
    ours = limit_prices(symbol, on, pre_close, is_st=is_st, listed_on=None, sessions_since_listing=None)
    theirs = marina_rules.limit_price(float(pre_close), risk if is_st else usual, on.isoformat(), market)
    assert theirs is not None
    assert tuple(map(float, filter(None, ours))) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.real_data
def test_limit_closes_of_the_real_files_are_as_many_as_counted_independently(real_data: Path) -> None:
    # Counted beforehand: 342 closes at the upper limit or above, 136 at the lower, 16 boards locked up all day; bands of
    # 10 %, ST 5 %, 20 % on 300 and 688 throughout. Five closes lie above: first days of listing and one relisting.
    counts = {"up": 0, "above": 0, "down": 0, "locked_up": 0}
    for path in sorted((real_data / "baostock_csi300_raw").glob("*.csv")):
        for row in read_raw(path).iter_rows(named=True):
            on = row["date"]
            if row["symbol"].startswith("300"):
                on = max(on, date(2020, 8, 24))  # the count did not apply ChiNext's 10 % of before
            upper, lower = limit_prices(
                row["symbol"], on, exact(row["pre_close"]), is_st=row["is_st"], listed_on=None, sessions_since_listing=None
            )
            assert upper is not None
            assert lower is not None
            close = exact(row["close"])
            counts["up"] += close >= upper
            counts["above"] += close > upper
            counts["down"] += close <= lower
            counts["locked_up"] += close == upper and row["high"] == row["low"]
    assert counts == {"up": 342, "above": 5, "down": 136, "locked_up": 16}

"""Each difference is said when it applies, and only then."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from quantbox.backtesting.report.differences import list_differences
from quantbox.backtesting.report.trading import Trading
from quantbox.brokers.models import Side
from quantbox.market_data.models import Adjust, InstrumentKind
from tests.backtesting.made_by_hand import DAYS, make_feed, make_fill, make_run, make_trading

#: Said of every daily run on this broker.
ALWAYS = {"no_queue", "no_volume_cap", "no_slippage", "survivorship", "idle_cash"}


def codes(trading: Trading) -> set[str]:
    return {difference.code for difference in list_differences(trading)} - {"short_period"}


def test_a_clean_run_says_only_what_holds_for_all() -> None:
    assert codes(make_trading()) == ALWAYS


@pytest.mark.parametrize(
    ("code", "trading"),
    [
        ("rules_off", make_trading(run=make_run(rules=False))),
        ("demo_data", make_trading(run=make_run(make_feed(is_demo=True)))),
        ("adjust_unknown", make_trading(run=make_run(make_feed(adjust=Adjust.UNKNOWN)))),
        ("pre_close_unknown", make_trading(run=make_run(make_feed(pre_close=[None] * 5)))),
        ("st_unknown", make_trading(warned={"backtesting.st_unknown": 1})),
        ("listing_unknown", make_trading(run=make_run(make_feed(listed_on=None)))),
        ("ex_date_held", make_trading(warned={"backtesting.ex_date_held": 2})),
        ("open_at_end", make_trading(make_fill(DAYS[1], Side.BUY, "10", 100))),
        ("days_missing", make_trading(run=make_run(make_feed(closes=(10, 10, 10, 10), days=(*DAYS[:2], *DAYS[3:]))))),
    ],
)
def test_a_difference_is_said_where_it_applies(code: str, trading: Trading) -> None:
    assert codes(trading) == ALWAYS | {code}


def test_adjusted_prices_are_named_with_rules_off() -> None:
    run = make_run(make_feed(adjust=Adjust.QFQ, display_only=True), rules=False)
    assert codes(make_trading(run=run)) == ALWAYS | {"rules_off", "adjusted_bars"}


def test_a_known_suspension_is_no_missing_day_but_is_told_while_held() -> None:
    feed = make_feed(closes=(10, 10, 10, 10), days=(*DAYS[:2], *DAYS[3:]), suspended=(DAYS[2],))
    bought = make_trading(make_fill(DAYS[0], Side.BUY, "10", 100), run=make_run(feed))
    assert codes(bought) == ALWAYS | {"held_while_suspended", "open_at_end"}
    assert codes(make_trading(run=make_run(feed))) == ALWAYS


def test_an_index_lacks_neither_ex_dates_nor_st() -> None:
    feed = make_feed("000300.SH", kind=InstrumentKind.INDEX, pre_close=[None] * 5, is_st=[None] * 5, listed_on=None)
    assert codes(make_trading(run=make_run(feed))) == ALWAYS


def test_fills_above_a_twentieth_of_the_volume_are_counted() -> None:
    run = make_run(make_feed(volume=[10_000, 10_000, 0, None, 10_000]))
    trading = make_trading(
        make_fill(DAYS[0], Side.BUY, "10", 500),  # 5 %: not above
        make_fill(DAYS[1], Side.SELL, "10", 500),
        make_fill(DAYS[1], Side.BUY, "10", 600),
        make_fill(DAYS[2], Side.SELL, "10", 100),  # nothing was traded that day
        make_fill(DAYS[3], Side.SELL, "10", 500),  # the source does not say
        run=run,
    )
    (found,) = [difference for difference in list_differences(trading) if difference.code == "no_volume_cap"]
    assert (found.count, found.severity) == (2, "warn")
    assert "2 笔" in found.text.in_language("zh")


def test_few_round_trips_and_a_short_period_are_told() -> None:
    trips = [make_fill(DAYS[0], Side.BUY, "10", 100), make_fill(DAYS[1], Side.SELL, "10", 100)]
    found = {difference.code: difference for difference in list_differences(make_trading(*trips))}
    assert found["few_round_trips"].count == 1
    assert found["short_period"].count == 5
    many = [fill for n in range(30) for fill in trips]
    assert "few_round_trips" not in codes(make_trading(*many))


def test_what_may_change_the_conclusion_comes_first_and_all_stands_in_both_languages() -> None:
    run = make_run(
        make_feed(is_demo=True, pre_close=[None] * 5, is_st=[None] * 5, listed_on=None, adjust=Adjust.UNKNOWN), rules=True
    )
    shown = [
        difference.to_json()
        for difference in list_differences(
            make_trading(run=run, warned={"backtesting.ex_date_held": 1, "backtesting.st_unknown": 1})
        )
    ]
    severities = [entry["severity"] for entry in shown]
    assert severities == sorted(severities, reverse=True)
    for entry in shown:
        for text in (entry["title"], entry["text"]):
            assert all(text.values()), entry["code"]
            assert not any("{" in sentence for sentence in text.values()), entry["code"]


def test_missing_days_outside_the_symbols_own_period_do_not_count() -> None:
    sessions = (DAYS[0] - timedelta(days=3), *DAYS, date(2024, 1, 15))
    assert codes(make_trading(run=make_run(sessions=sessions))) == ALWAYS

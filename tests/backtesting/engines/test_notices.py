"""Every notice speaks both languages and carries the facts it names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from quantbox.backtesting.engines import Engine, EngineInput, FeedBars
from quantbox.backtesting.engines.notices import notices_of_feeds
from quantbox.brokers.models import Listing

from .bars import handmade
from .script import script

DAY, NEXT = date(2024, 3, 4), date(2024, 3, 5)


def given(
    *, rules: bool = True, is_st: bool | None = False, adjust: str = "none", on: date = DAY, tradable: bool = True
) -> EngineInput:
    frame = handmade([(on, 10.0, 10.0, 10.0, 10.0, 1, 10.0, is_st)])
    bars = FeedBars.from_frame(frame, Listing("600000.SH", is_tradable=tradable), adjust=adjust)
    return EngineInput(script({}), {}, (bars,), Decimal(1000), rules=rules, sessions=(on,))


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        (given(), []),
        (given(is_st=None), ["st_unknown"]),
        (given(is_st=None, rules=False), []),
        (given(is_st=None, on=date(2026, 7, 6)), []),  # ST stocks of the main board move 10 % too since 2026-07-06
        (given(is_st=None, on=date(2026, 7, 3)), ["st_unknown"]),
        (given(adjust="unknown"), ["adjust_unknown"]),
        (given(adjust="unknown", rules=False), ["adjust_unknown"]),
        (given(adjust="qfq", tradable=False), ["display_only"]),
        (given(tradable=False), ["not_tradable"]),
    ],
)
def test_only_what_matters_to_the_run_is_named(case: EngineInput, codes: list[str]) -> None:
    notices = list(notices_of_feeds(case))
    assert [notice["code"] for notice in notices] == [f"backtesting.{code}" for code in codes]
    for notice in notices:
        assert notice["symbol"] == "600000.SH"
        for language in ("zh", "en"):
            assert "600000.SH" in notice["message"][language]
            assert "{" not in notice["message"][language]


def test_a_dividend_is_named_with_both_prices() -> None:
    rows = [(DAY, 10.0, 10.0, 10.0, 10.0, 1, 10.0, False), (NEXT, 10.0, 10.0, 10.0, 10.0, 1, 10.0, False)]
    rows.append((date(2024, 3, 6), 9.6, 9.6, 9.6, 9.6, 1, 9.65, False))
    bars = FeedBars.from_frame(handmade(rows), Listing("600000.SH"))
    buyer = script({"2024-03-04": lambda s: s.buy(size=100)})
    result = Engine(EngineInput(buyer, {}, (bars,), Decimal(2000), sessions=tuple(bars.dates)), lambda *_: None).run()
    (notice,) = result.warnings
    assert notice["message"]["zh"].startswith("2024-03-06 持有 600000.SH 过除权除息日（上日收盘 10.0，前收盘价 9.65）")

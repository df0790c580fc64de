"""Orders of a plain strategy on the simulated exchange: hand-made days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import backtrader as bt
import polars as pl
import pytest

from quantbox.backtesting.engines import Engine, EngineInput

from .bars import feed_bars, handmade, invented
from .script import keys, rejected, run, script, trades
from .strategies import Brackets

SYMBOL, OTHER = "600000.SH", "000001.SZ"
MON, TUE, WED, THU, FRI = (f"2024-03-0{day}" for day in range(4, 9))
WEEK = [date.fromisoformat(day) for day in (MON, TUE, WED, THU, FRI)]


def week(*bars: tuple[float, float, float, float], days: list[date] = WEEK, first_pre_close: float = 10.0) -> pl.DataFrame:
    """Bars (open, high, low, close) from Monday on; each previous close is the close before."""
    pre_close, rows = first_pre_close, []
    for day, (open_, high, low, close) in zip(days, bars, strict=False):
        rows.append((day, open_, high, low, close, 10**6, pre_close, False))
        pre_close = close
    return handmade(rows)


FLAT = (10.0, 10.2, 9.8, 10.0)


# --- as stock Backtrader, where no rule is in the way ---------------------------------------------------------------------


class OneAtATime(bt.Strategy):
    """One order of every kind after the other, on the tick; sells only what it holds."""

    kinds = (bt.Order.Market, bt.Order.Limit, bt.Order.Stop, bt.Order.StopLimit, bt.Order.StopTrail, bt.Order.Close)

    def __init__(self) -> None:
        self.pending: Any = None
        self.given = 0

    def notify_order(self, order: Any) -> None:
        if not order.alive():
            self.pending = None

    def next(self) -> None:
        if self.pending is not None:
            return
        kind, close, sign = self.kinds[self.given % len(self.kinds)], self.data.close[0], -1 if self.position else 1
        away = sign if kind in (bt.Order.Stop, bt.Order.StopLimit) else -sign
        price = round(close * (1 + 0.01 * away), 2)
        extra = {"plimit": round(price * (1 + 0.005 * sign), 2)} if kind == bt.Order.StopLimit else {}
        extra |= {"trailamount": round(close * 0.02, 2)} if kind == bt.Order.StopTrail else {"price": price}
        act = self.sell if self.position else self.buy
        self.pending = act(size=300, exectype=kind, valid=timedelta(days=8), **extra)
        self.given += 1


@pytest.mark.parametrize("strategy", [OneAtATime, Brackets], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("seed", [1, 4, 5, 6])
def test_whole_lots_on_the_tick_within_the_limits_fill_as_stock_backtrader_fills_them(strategy: type, seed: int) -> None:
    frames = {SYMBOL: invented(seed)}
    stock = Engine(EngineInput(strategy, {}, feed_bars(frames), Decimal(10**6), rules=False), lambda *_: None).run()
    result = run(strategy, frames, "1000000")
    without_dust = [(day, side, round(price, 9), size) for day, side, price, size in trades(stock)]  # trailing stops add floats
    assert trades(result) == without_dust
    assert (len(trades(stock)) > 20, result.rejected) == (True, [])


def test_a_closed_trade_reports_profit_before_and_after_fees() -> None:
    closed: list[tuple[float, float]] = []
    strategy = script({MON: lambda s: s.buy(size=200), TUE: lambda s: s.close()})
    strategy.notify_trade = lambda self, trade: trade.isclosed and closed.append((trade.pnl, trade.pnlcomm))
    strategy.stop = lambda self: closed.append((self.sold.executed.pnl, self.sold.executed.value))
    strategy.notify_order = lambda self, order: setattr(self, "sold", order)
    run(strategy, {SYMBOL: week(FLAT, (10.1, 10.3, 9.9, 10.0), (10.2, 10.3, 9.9, 10.0))})
    # 200 x (10.20 - 10.10) = 20.00; fees 5.02 and 6.04; the value of what was closed is what it cost, 2,020.00
    assert closed == [pytest.approx((20.00, 8.94)), pytest.approx((20.00, 2020.00))]


# --- orders at the open -------------------------------------------------------------------------------------------------


def test_a_market_order_fills_at_the_next_open_in_whole_lots_and_tells_the_strategy() -> None:
    strategy = script({MON: lambda s: s.buy(size=250), TUE: lambda s: s.close()})
    result = run(strategy, {SYMBOL: week(FLAT, (10.1, 10.3, 9.9, 10.0), (10.2, 10.3, 9.9, 10.0))})
    assert trades(result) == [(TUE, "buy", 10.1, 200), (WED, "sell", 10.2, 200)]
    # buy 2,020.00: commission 5.00, transfer 0.02; sell 2,040.00: 5.00, stamp tax 1.02, transfer 0.02
    assert keys(result.trades, "commission", "stamp_tax", "transfer_fee") == [(5.0, 0.0, 0.02), (5.0, 1.02, 0.02)]
    assert result.final_cash == 100008.94  # 100,000.00 - 2,020.00 - 5.02 + 2,040.00 - 6.04
    assert strategy.last.told == [
        (TUE, "Submitted", 0),
        (TUE, "Accepted", 0),
        (TUE, "Completed", 200),
        (WED, "Submitted", 0),
        (WED, "Accepted", 0),
        (WED, "Completed", -200),
    ]
    assert (result.rejected, result.warnings) == ([], [])


def test_executed_comm_is_all_the_fees() -> None:
    paid: list[float] = []
    strategy = script({MON: lambda s: s.buy(size=200), TUE: lambda s: s.close()})
    strategy.notify_order = lambda self, order: order.executed.size and paid.append(order.executed.comm)
    run(strategy, {SYMBOL: week(FLAT, FLAT, FLAT)})
    assert paid == [5.02, 6.02]  # 2,000.00: 5.00 + 0.02; and with 1.00 of stamp tax


def test_an_order_on_a_board_locked_up_at_the_open_is_refused_even_if_it_opens_later() -> None:
    strategy = script({MON: lambda s: s.buy(size=100), TUE: lambda s: s.buy(size=100)})
    result = run(strategy, {SYMBOL: week(FLAT, (11.0, 11.0, 11.0, 11.0), (12.1, 12.1, 11.5, 12.1))})
    assert result.trades == []
    assert rejected(result) == [(TUE, "buy", 100, "limit_up"), (WED, "buy", 100, "limit_up")]
    assert [status for _, status, _ in strategy.last.told] == ["Submitted", "Accepted", "Rejected"] * 2


def test_a_holding_on_a_board_locked_down_cannot_be_sold_until_it_opens() -> None:
    strategy = script({MON: lambda s: s.buy(size=100), TUE: lambda s: s.close(), WED: lambda s: s.close()})
    result = run(strategy, {SYMBOL: week(FLAT, FLAT, (9.0, 9.0, 9.0, 9.0), (8.2, 8.5, 8.1, 8.3))})
    assert trades(result) == [(TUE, "buy", 10.0, 100), (THU, "sell", 8.2, 100)]
    assert rejected(result) == [(WED, "sell", 100, "limit_down")]


def test_an_order_at_the_close_is_judged_at_the_close() -> None:
    def act(strategy: Any) -> None:
        strategy.buy(size=100, exectype=bt.Order.Close)

    result = run(script({MON: act, TUE: act}), {SYMBOL: week(FLAT, (10.0, 10.5, 9.9, 10.4), (10.6, 11.44, 10.5, 11.44))})
    assert trades(result) == [(TUE, "buy", 10.4, 100)]
    assert rejected(result) == [(WED, "buy", 100, "limit_up")]  # 10.40 x 1.1 = 11.44


def test_shares_bought_today_are_not_sold_today() -> None:
    strategy = script({MON: lambda s: (s.buy(size=300), s.sell(size=300))})
    result = run(strategy, {SYMBOL: week(FLAT, FLAT)})
    assert trades(result) == [(TUE, "buy", 10.0, 300)]
    assert rejected(result) == [(TUE, "sell", 300, "sellable")]


def test_there_is_no_short_side() -> None:
    strategy = script(
        {MON: lambda s: s.sell(size=100), TUE: lambda s: s.buy(size=100), WED: lambda s: s.order_target_size(target=-200)}
    )
    result = run(strategy, {SYMBOL: week(*[FLAT] * 5)})
    assert trades(result) == [(WED, "buy", 10.0, 100), (THU, "sell", 10.0, 100)]
    assert rejected(result) == [(TUE, "sell", 100, "sellable"), (THU, "sell", 200, "sellable")]


def test_a_greedy_order_is_cut_to_what_cash_pays() -> None:
    strategy = script({MON: lambda s: s.order_target_percent(target=1.5)})
    result = run(strategy, {SYMBOL: week(FLAT, (10.5, 10.6, 10.4, 10.5))})
    # 1.5 x 100,000 / 10.00 = 15,000 wanted; 9,500 cost 99,750.00 + 24.94 + 1.00 = 99,775.94; 9,600 would cost 100,800 and more
    assert trades(result) == [(TUE, "buy", 10.5, 9500)]
    assert rejected(result) == [(TUE, "buy", 5500, "cash")]
    assert result.final_cash == 224.06
    assert strategy.last.told[-1] == (TUE, "Completed", 9500)


def test_without_cash_for_a_lot_the_strategy_is_told_margin() -> None:
    strategy = script({MON: lambda s: s.buy(size=100)})
    result = run(strategy, {SYMBOL: week(FLAT, FLAT)}, cash="1000")
    assert rejected(result) == [(TUE, "buy", 100, "cash")]
    assert strategy.last.told[-1] == (TUE, "Margin", 0)


def test_an_order_below_one_lot_is_refused_on_the_session_it_would_have_met() -> None:
    strategy = script({MON: lambda s: s.buy(size=99)})
    assert rejected(run(strategy, {SYMBOL: week(FLAT, FLAT)})) == [(TUE, "buy", 99, "lot_size")]
    assert strategy.last.told == [(TUE, "Submitted", 0), (TUE, "Rejected", 0)]


def test_an_order_of_the_last_day_never_meets_a_market() -> None:
    result = run(script({TUE: lambda s: s.buy(size=100)}), {SYMBOL: week(FLAT, FLAT)})
    assert (result.trades, result.rejected) == ([], [])


def test_an_order_of_no_number_of_shares_fails_where_it_is_given() -> None:
    with pytest.raises(ValueError, match="an order of nan shares"):
        run(script({MON: lambda s: s.buy(size=float("nan"))}), {SYMBOL: week(FLAT, FLAT)})


# --- suspended days -----------------------------------------------------------------------------------------------------


def test_an_order_into_a_suspended_day_is_refused_on_that_day() -> None:
    strategy = script({MON: lambda s: s.buy(size=100), THU: lambda s: s.buy(size=100)})
    bars = week(FLAT, FLAT, FLAT, days=[WEEK[0], WEEK[3], WEEK[4]])  # no bar on Tuesday and Wednesday
    result = run(strategy, {SYMBOL: bars}, sessions=WEEK)
    assert rejected(result) == [(TUE, "buy", 100, "suspended")]
    assert trades(result) == [(FRI, "buy", 10.0, 100)]
    assert strategy.last.told[2] == (THU, "Rejected", 0)  # the strategy wakes with the next bar


def test_nothing_fills_on_the_stale_bar_of_a_suspended_symbol() -> None:
    def act(strategy: Any) -> None:
        data = strategy.getdatabyname(SYMBOL)
        strategy.buy(data, size=100, exectype=bt.Order.Limit, price=10.1)  # stock Backtrader fills it on Tuesday
        strategy.buy(data, size=200)

    frames = {SYMBOL: week(FLAT, FLAT, FLAT, days=[WEEK[0], WEEK[3], WEEK[4]]), OTHER: week(*[FLAT] * 5)}
    result = run(script({MON: act}), frames)
    assert trades(result) == [(THU, "buy", 10.0, 100)]
    assert rejected(result) == [(TUE, "buy", 200, "suspended")]


def test_a_stale_bar_triggers_no_stop() -> None:
    def act(strategy: Any) -> None:  # Monday's high of 10.2 is above the stop; no later one is
        strategy.buy(strategy.getdatabyname(SYMBOL), size=100, exectype=bt.Order.StopLimit, price=10.1, plimit=10.15)

    stopped = week(FLAT, (9.9, 10.0, 9.8, 9.9), (9.9, 10.0, 9.8, 9.9), days=[WEEK[0], WEEK[3], WEEK[4]])
    assert run(script({MON: act}), {SYMBOL: stopped, OTHER: week(*[FLAT] * 5)}).trades == []


def test_an_order_in_a_symbol_not_yet_listed_is_refused() -> None:
    strategy = script({MON: lambda s: s.buy(s.getdatabyname(SYMBOL), size=100)})
    frames = {OTHER: week(*[FLAT] * 5), SYMBOL: week(FLAT, FLAT, days=WEEK[3:])}
    assert rejected(run(strategy, frames)) == [(TUE, "buy", 100, "suspended")]


def test_a_bar_without_volume_is_a_suspended_day() -> None:
    bars = week(FLAT, FLAT, FLAT).with_columns(volume=pl.Series([10**6, 0, 10**6]))
    result = run(script({MON: lambda s: s.buy(size=100)}), {SYMBOL: bars})
    assert rejected(result) == [(TUE, "buy", 100, "suspended")]


# --- orders that wait -----------------------------------------------------------------------------------------------------


def test_a_stop_waits_for_the_session_after_the_purchase_and_through_a_locked_board() -> None:
    def act(strategy: Any) -> None:
        strategy.buy(size=100)
        strategy.sell(size=100, exectype=bt.Order.Stop, price=9.9)

    bars = week(FLAT, (10.0, 10.1, 9.7, 9.8), (8.82, 8.82, 8.82, 8.82), (8.5, 8.6, 8.4, 8.5))
    result = run(script({MON: act}), {SYMBOL: bars})
    # Tuesday 9.70 is below the stop, but the shares are of Tuesday; Wednesday is locked at 9.80 x 0.9 = 8.82; Thursday gaps
    assert trades(result) == [(TUE, "buy", 10.0, 100), (THU, "sell", 8.5, 100)]
    assert result.rejected == []


def test_a_limit_order_at_the_upper_limit_waits_behind_the_queue() -> None:
    strategy = script({MON: lambda s: s.buy(size=100, exectype=bt.Order.Limit, price=11.0)})
    result = run(strategy, {SYMBOL: week(FLAT, (11.0, 11.0, 11.0, 11.0), (10.8, 11.5, 10.7, 11.0))})
    assert trades(result) == [(WED, "buy", 10.8, 100)]


def test_a_limit_order_lives_until_it_is_valid_no_more() -> None:
    valid = date.fromisoformat(WED)
    strategy = script({MON: lambda s: s.buy(size=100, exectype=bt.Order.Limit, price=9.0, valid=valid)})
    result = run(strategy, {SYMBOL: week(FLAT, FLAT, FLAT, (9.1, 9.1, 9.05, 9.1), (8.9, 9.0, 8.8, 8.9))})
    assert result.trades == []
    assert strategy.last.told[-1] == (THU, "Expired", 0)


def test_a_price_between_ticks_fills_on_the_tick() -> None:
    strategy = script({MON: lambda s: s.buy(size=100, exectype=bt.Order.Limit, price=9.8765)})
    assert trades(run(strategy, {SYMBOL: week(FLAT, FLAT)})) == [(TUE, "buy", 9.87, 100)]


def test_a_bracket_sells_by_one_of_its_two_exits() -> None:
    strategy = script({MON: lambda s: s.buy_bracket(size=100, price=9.9, limitprice=10.5, stopprice=9.5)})
    bars = week(FLAT, FLAT, FLAT, (10.1, 10.6, 10.0, 10.2), (9.4, 9.5, 9.3, 9.4))
    result = run(strategy, {SYMBOL: bars})
    assert trades(result) == [(TUE, "buy", 9.9, 100), (THU, "sell", 10.5, 100)]
    assert result.rejected == []


def test_the_exits_of_a_bracket_sell_what_its_entry_bought() -> None:
    strategy = script({MON: lambda s: s.buy_bracket(size=250, price=9.9, limitprice=10.5, stopprice=9.5)})
    result = run(strategy, {SYMBOL: week(FLAT, FLAT, (9.4, 9.5, 9.3, 9.4))})
    assert trades(result) == [(TUE, "buy", 9.9, 200), (WED, "sell", 9.4, 200)]
    assert result.rejected == []


def test_the_exits_of_a_refused_bracket_are_cancelled() -> None:
    strategy = script({MON: lambda s: s.buy_bracket(size=50, price=9.9, limitprice=10.5, stopprice=9.5)})
    result = run(strategy, {SYMBOL: week(FLAT, FLAT, (10.6, 10.7, 10.5, 10.6))})
    assert result.trades == []
    assert rejected(result) == [(TUE, "buy", 50, "lot_size")]
    assert [status for _, status, _ in strategy.last.told][-3:] == ["Rejected", "Rejected", "Rejected"]


def test_the_exits_of_a_bracket_refused_at_the_market_are_cancelled() -> None:
    strategy = script({MON: lambda s: s.buy_bracket(size=100, exectype=bt.Order.Market, limitprice=12.5, stopprice=9.5)})
    result = run(strategy, {SYMBOL: week(FLAT, (11.0, 11.0, 11.0, 11.0), FLAT)})
    assert rejected(result) == [(TUE, "buy", 100, "limit_up")]
    assert [status for _, status, _ in strategy.last.told][-3:] == ["Rejected", "Canceled", "Canceled"]


def test_a_child_at_the_market_meets_the_session_after_its_parent_filled() -> None:
    def act(strategy: Any) -> None:
        parent = strategy.buy(size=100, exectype=bt.Order.Limit, price=9.7, transmit=False)
        strategy.sell(size=100, parent=parent)

    result = run(script({MON: act}), {SYMBOL: week(FLAT, FLAT, (9.8, 9.9, 9.6, 9.8), (9.9, 10.0, 9.8, 9.9))})
    assert trades(result) == [(WED, "buy", 9.7, 100), (THU, "sell", 9.9, 100)]
    assert result.rejected == []


def test_one_cancels_the_other() -> None:
    def act(strategy: Any) -> None:
        first = strategy.buy(size=100, exectype=bt.Order.Limit, price=9.9)
        strategy.buy(size=200, exectype=bt.Order.Limit, price=9.7, oco=first)

    result = run(script({MON: act}), {SYMBOL: week(FLAT, FLAT, (9.6, 9.7, 9.5, 9.6))})
    assert trades(result) == [(TUE, "buy", 9.9, 100)]


def test_a_resting_sale_fills_in_parts_and_pays_the_minimum_on_each_day() -> None:
    def act(strategy: Any) -> None:
        strategy.buy(size=200)
        strategy.sell(size=300, exectype=bt.Order.Limit, price=10.0)

    strategy = script({MON: lambda s: s.buy(size=100), TUE: act})
    result = run(strategy, {SYMBOL: week(*[FLAT] * 4)})
    assert trades(result)[2:] == [(WED, "sell", 10.0, 100), (THU, "sell", 10.0, 200)]
    assert keys(result.trades[2:], "commission") == [(5.0,), (5.0,)]  # 0.25 and 0.50 by the rate
    assert (WED, "Partial", -100) in strategy.last.told
    assert strategy.last.told[-1] == (THU, "Completed", -300)


def test_what_a_resting_sale_is_cut_by_is_refused_once() -> None:
    def act(strategy: Any) -> None:
        strategy.buy(size=200)
        strategy.sell(size=300, exectype=bt.Order.Limit, price=10.0)

    result = run(script({MON: act}), {SYMBOL: week(*[FLAT] * 4)})
    assert trades(result) == [(TUE, "buy", 10.0, 200), (WED, "sell", 10.0, 200)]
    assert rejected(result) == [(TUE, "sell", 100, "sellable")]


# --- what a strategy may set --------------------------------------------------------------------------------------------


def test_settings_of_the_broker_are_ignored_and_named() -> None:
    def act(strategy: Any) -> None:
        strategy.broker.setcommission(commission=0.1)
        strategy.broker.set_coc(True)
        strategy.broker.setcash(5e6)
        strategy.buy(size=100)

    result = run(script({MON: act}), {SYMBOL: week(FLAT, (10.1, 10.2, 10.0, 10.1))})
    assert trades(result) == [(TUE, "buy", 10.1, 100)]
    assert keys(result.trades, "commission") == [(5.0,)]
    assert keys(result.warnings, "code") == [("backtesting.setting_ignored",)] * 3


def test_money_paid_in_is_there_to_the_cent_and_named() -> None:
    strategy = script({MON: lambda s: s.broker.add_cash(1000.255)})
    days = feed_bars({SYMBOL: week(FLAT, FLAT)})
    result = Engine(EngineInput(strategy, {}, days, Decimal(1000), sessions=tuple(WEEK)), lambda *_: None).run()
    assert (result.final_cash, result.final_value) == (2000.26, 2000.26)
    assert keys(result.warnings, "code", "date") == [("backtesting.cash_added", MON)]

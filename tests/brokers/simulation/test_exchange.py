"""What one day's market takes of an order, rule by rule, with the arithmetic beside."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.brokers.models import Commission, Fees, Order, Position, Refusal, Rule, SessionBar, Side
from quantbox.brokers.simulation import Doubt, Execution, SimulatedExchange

from .market import BEIJING, BOND_ETF, CHINEXT, DAY, ETF, INDEX, MAIN, NEXT_DAY, STAR, bar, buy, open_exchange, sell


def execute(exchange: SimulatedExchange, order: Order, at: SessionBar | None, price: str | None = None) -> Execution:
    meets = Decimal(price) if price else at.open if at else Decimal(10)
    return exchange.execute(order, at.date if at else DAY, at, meets)


def holding(size: int, symbol: str = MAIN, cash: str = "1000000") -> SimulatedExchange:
    """An exchange on whose previous session `size` shares were bought at 10.00 (5.00 above the minimum commission at most)."""
    exchange = open_exchange(cash)
    earlier = bar("10.00", on=DAY - timedelta(days=3))
    exchange.open_session()
    assert execute(exchange, buy(size, symbol), earlier).fill is not None
    exchange.open_session()
    return exchange


def refused(execution: Execution) -> list[tuple[Rule, int]]:
    return [(refusal.rule, refusal.size) for refusal in execution.refused]


# --- fills ------------------------------------------------------------------------------------------------------------


def test_a_buy_at_the_open_takes_cash_shares_and_fees() -> None:
    exchange = open_exchange("100000")
    execution = execute(exchange, buy(1000), bar("12.34"))
    assert execution.fill is not None
    # 1,000 x 12.34 = 12,340.00; x 0.00025 = 3.085 -> minimum 5.00; x 0.00001 = 0.1234 -> 0.12
    assert execution.fill.fees == Fees(Decimal(5), Decimal(0), Decimal("0.12"))
    assert exchange.account.cash == Decimal("87654.88")  # 100,000.00 - 12,340.00 - 5.12
    assert exchange.account.position(MAIN) == Position(1000, 0)
    assert exchange.fills == [execution.fill]


def test_a_round_trip_costs_what_the_hand_finds() -> None:
    exchange = open_exchange("1000000")
    execute(exchange, buy(20000), bar("12.34"))
    # 246,800.00; commission 61.70; transfer 2.468 -> 2.47
    assert exchange.account.cash == Decimal("753135.83")
    exchange.open_session()
    execute(exchange, sell(20000), bar("12.50", on=NEXT_DAY))
    # 250,000.00; commission 62.50; stamp tax 125.00; transfer 2.50
    assert exchange.account.cash == Decimal("1002945.83")  # 753,135.83 + 250,000.00 - 190.00


# --- lots -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "wanted", "filled"),
    [
        (MAIN, 199, 100),
        (MAIN, 200.9, 200),
        (CHINEXT, 350, 300),
        (ETF, 1999, 1900),
        (STAR, 200, 200),
        (STAR, 233, 233),
        (BEIJING, 100, 100),
        (BEIJING, 137, 137),
    ],
)
def test_a_buy_is_cut_down_to_whole_lots_of_its_board(symbol: str, wanted: float, filled: int) -> None:
    exchange = open_exchange()
    execution = execute(exchange, buy(wanted, symbol), bar("10.00"))
    assert execution.fill is not None
    assert (execution.fill.size, execution.waiting, exchange.refusals) == (filled, 0, [])


@pytest.mark.parametrize(("symbol", "wanted"), [(MAIN, 99), (CHINEXT, 1), (ETF, 50), (STAR, 199), (BEIJING, 99), (MAIN, 0.5)])
def test_a_buy_below_one_lot_is_refused(symbol: str, wanted: float) -> None:
    exchange = open_exchange()
    execution = execute(exchange, buy(wanted, symbol), bar("10.00"))
    assert execution.fill is None
    assert refused(execution) == [(Rule.LOT_SIZE, max(1, int(wanted)))]
    assert exchange.account.cash == 100000


def test_the_odd_part_of_a_holding_is_sold_only_at_once() -> None:
    exchange = holding(300, BEIJING)
    first = execute(exchange, sell(130, BEIJING), bar("10.00"))  # leaves 170; steps of 1 above 100
    assert first.fill is not None
    assert first.fill.size == 130
    second = execute(exchange, sell(90, BEIJING), bar("10.00"))  # below 100 while more is there
    assert refused(second) == [(Rule.LOT_SIZE, 90)]
    third = execute(exchange, sell(110, BEIJING), bar("10.00"))
    fourth = execute(exchange, sell(60, BEIJING), bar("10.00"))  # all that is left
    assert third.fill is not None
    assert fourth.fill is not None
    assert exchange.account.position(BEIJING) == Position(0, 0)


def test_a_part_of_a_share_is_not_sold() -> None:
    exchange = holding(300, BEIJING)
    execution = execute(exchange, sell(150.5, BEIJING), bar("10.00"))
    assert execution.fill is not None
    assert execution.fill.size == 150


# --- T+1 and what is held ----------------------------------------------------------------------------------------------


def test_what_was_bought_today_cannot_be_sold_today() -> None:
    exchange = open_exchange()
    execute(exchange, buy(500), bar("10.00"))
    assert refused(execute(exchange, sell(500), bar("10.00"))) == [(Rule.SELLABLE, 500)]
    exchange.open_session()
    assert execute(exchange, sell(500), bar("10.00", on=NEXT_DAY)).fill is not None


def test_a_sale_above_what_is_sellable_is_cut_and_the_rest_refused() -> None:
    exchange = holding(300)
    execute(exchange, buy(200), bar("10.00"))
    execution = execute(exchange, sell(500), bar("10.00"))
    assert execution.fill is not None
    assert execution.fill.size == 300
    assert execution.refused == (Refusal(DAY, MAIN, Side.SELL, 200, Rule.SELLABLE),)
    assert exchange.account.position(MAIN) == Position(200, 0)


def test_nothing_is_sold_short() -> None:
    exchange = open_exchange()
    assert refused(execute(exchange, sell(100), bar("10.00"))) == [(Rule.SELLABLE, 100)]
    assert exchange.account.position(MAIN) == Position(0, 0)


def test_a_bond_fund_is_sold_on_the_day_it_was_bought() -> None:
    exchange = open_exchange()
    execute(exchange, buy(100, BOND_ETF), bar("100.000"))
    assert execute(exchange, sell(100, BOND_ETF), bar("100.000")).fill is not None


def test_a_resting_sale_waits_for_shares_of_today_and_drops_what_is_not_held() -> None:
    exchange = holding(300)
    execute(exchange, buy(200), bar("10.00"))
    execution = execute(exchange, sell(700, rests=True), bar("10.00"))
    assert execution.fill is not None
    assert (execution.fill.size, execution.waiting, refused(execution)) == (300, 200, [(Rule.SELLABLE, 200)])


# --- cash -------------------------------------------------------------------------------------------------------------


def test_a_buy_is_cut_to_the_lots_that_cash_pays_with_fees() -> None:
    exchange = open_exchange("10000")
    execution = execute(exchange, buy(1000), bar("10.00"))
    # 1,000 shares cost 10,000.00 + 5.00 + 0.10; 900 cost 9,000.00 + 5.00 + 0.09
    assert execution.fill is not None
    assert execution.fill.size == 900
    assert refused(execution) == [(Rule.CASH, 100)]
    assert exchange.account.cash == Decimal("994.91")


def test_cash_to_the_cent_is_enough() -> None:
    exchange = open_exchange("10005.10")
    execution = execute(exchange, buy(1000), bar("10.00"))
    assert execution.refused == ()
    assert exchange.account.cash == 0


def test_a_cent_less_is_a_lot_less() -> None:
    exchange = open_exchange("10005.09")
    assert refused(execute(exchange, buy(1000), bar("10.00"))) == [(Rule.CASH, 100)]


def test_cash_below_one_lot_buys_nothing() -> None:
    exchange = open_exchange("1000")
    execution = execute(exchange, buy(300), bar("10.00"))  # one lot: 1,000.00 + 5.01
    assert execution.fill is None
    assert refused(execution) == [(Rule.CASH, 300)]


def test_a_star_buy_is_cut_share_by_share() -> None:
    exchange = open_exchange("2555.03")
    execution = execute(exchange, buy(300, STAR), bar("10.00"))
    # 255 x 10.00 = 2,550.00 + 5.00 + 0.03 (2,550 x 0.00001 = 0.0255)
    assert execution.fill is not None
    assert execution.fill.size == 255
    assert refused(execution) == [(Rule.CASH, 45)]


def test_proceeds_of_a_sale_buy_again_on_the_same_day() -> None:
    exchange = holding(1000, cash="10005.10")
    execute(exchange, sell(1000), bar("10.00"))
    # 10,000.00 - 5.00 - 5.00 (0.05 %) - 0.10 = 9,989.90
    assert exchange.account.cash == Decimal("9989.90")
    execution = execute(exchange, buy(900, CHINEXT), bar("10.00"))
    assert execution.fill is not None


def test_a_sale_that_would_not_pay_its_own_fees_is_refused_without_cash() -> None:
    exchange = holding(100, BEIJING, cash="1005.01")
    execution = execute(exchange, sell(100, BEIJING), bar("0.04"))  # 4.00 of proceeds, 5.00 of commission, no cash
    assert execution.fill is None
    assert refused(execution) == [(Rule.CASH, 100)]
    assert exchange.account.cash == 0


# --- limits, suspension, what may not be traded -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "rule", "day"),
    [
        (buy(100), Rule.LIMIT_UP, bar("11.00", pre_close="10.00")),  # one-price board
        (buy(100), Rule.LIMIT_UP, bar("11.00", low="10.20", pre_close="10.00")),  # opened locked, opened up later
        (sell(100), Rule.LIMIT_DOWN, bar("9.00", pre_close="10.00")),
        (sell(100), Rule.LIMIT_DOWN, bar("9.00", high="9.80", pre_close="10.00")),
        (buy(100), Rule.LIMIT_UP, bar("10.50", pre_close="10.00", is_st=True)),  # 5 % for ST until 2026-07-05
        (buy(100, CHINEXT), Rule.LIMIT_UP, bar("12.00", pre_close="10.00")),  # 20 % since 2020-08-24
        (buy(100, BEIJING), Rule.LIMIT_UP, bar("13.00", pre_close="10.00")),  # 30 %
        (buy(100), Rule.SUSPENDED, None),
        (buy(100), Rule.SUSPENDED, bar("10.00", has_traded=False)),
        (buy(100, INDEX), Rule.NOT_TRADABLE, bar("10.00")),
    ],
)
def test_an_order_of_one_session_is_refused_with_the_rule_of_the_day(order: Order, rule: Rule, day: SessionBar | None) -> None:
    exchange = holding(1000)
    execution = execute(exchange, order, day)
    assert execution.fill is None
    assert execution.refused == (Refusal(DAY, order.symbol, order.side, 100, rule),)
    assert exchange.refusals == list(execution.refused)


@pytest.mark.parametrize(
    ("order", "day"),
    [
        (sell(100), bar("11.00", pre_close="10.00")),  # buyers queue at the upper limit
        (buy(100), bar("9.00", pre_close="10.00")),
        (buy(100), bar("10.99", high="11.00", pre_close="10.00")),
        (buy(100, CHINEXT), bar("11.00", pre_close="10.00")),
        (buy(100), bar("10.50", pre_close="10.00")),
    ],
)
def test_the_other_side_of_a_locked_board_and_prices_within_it_trade(order: Order, day: SessionBar) -> None:
    assert execute(holding(1000), order, day).fill is not None


@pytest.mark.parametrize(
    ("order", "price", "rule"),
    [
        (buy(100), "10.50", Rule.LIMIT_UP),
        (sell(100), "9.50", Rule.LIMIT_DOWN),
        (buy(100), "10.49", None),
        (sell(100), "10.50", None),
    ],
)
def test_one_price_at_the_limit_of_st_locks_a_share_nobody_knows_the_state_of(
    order: Order, price: str, rule: Rule | None
) -> None:
    day = replace(bar(price, pre_close="10.00"), is_st=None)
    assert [refusal.rule for refusal in execute(holding(1000), order, day).refused] == ([rule] if rule else [])


@pytest.mark.parametrize("day", [bar("10.50", low="10.40", pre_close="10.00"), bar("10.50", pre_close="10.00")])
def test_a_day_of_several_prices_or_of_a_known_share_is_not_taken_for_st(day: SessionBar) -> None:
    several = replace(day, is_st=None) if day.low < day.high else day
    assert execute(open_exchange(), buy(100), several).fill is not None


@pytest.mark.parametrize("day", [bar("11.00", pre_close="10.00"), None], ids=["locked", "suspended"])
def test_a_resting_order_waits_where_only_the_day_is_in_the_way(day: SessionBar | None) -> None:
    exchange = open_exchange()
    order = buy(100, limit="11.00", rests=True)
    assert execute(exchange, order, day) == Execution(waiting=100)
    assert exchange.refusals == []
    assert execute(exchange, order, bar("10.80", pre_close="11.00", on=NEXT_DAY)).fill is not None


def test_a_bar_beyond_the_limits_is_a_doubt_and_trades() -> None:
    exchange = open_exchange()
    day = bar("12.00", pre_close="10.00")  # 20 % on the main board: the status or the previous close must be wrong
    assert execute(exchange, buy(100), day).fill is not None
    assert list(exchange.doubts) == [Doubt(MAIN, DAY, Decimal("11.00"), Decimal("9.00"))]


def test_the_first_five_sessions_of_a_new_share_have_no_limit() -> None:
    exchange = open_exchange()  # main board, since 2023-04-10
    day = SessionBar(DAY, *[Decimal(13)] * 4, pre_close=Decimal(10), is_st=False, sessions_since_listing=4)
    assert exchange.limit_prices(MAIN, day) == (None, None)
    assert execute(exchange, buy(100), day).fill is not None


def test_an_unknown_previous_close_gives_no_limits() -> None:
    assert open_exchange().limit_prices(MAIN, SessionBar(DAY, *[Decimal(13)] * 4)) == (None, None)


def test_a_price_between_ticks_trades_at_the_worse_tick() -> None:
    exchange = holding(100)
    execution = execute(exchange, sell(100, rests=True), bar("10.00", low="9.50"), "9.7777")
    assert execution.fill is not None
    assert execution.fill.price == Decimal("9.77")


# --- invariants -------------------------------------------------------------------------------------------------------

_orders = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.SELL]),
        st.sampled_from([MAIN, STAR, BEIJING, CHINEXT, ETF]),
        st.integers(1, 3000),
        st.booleans(),
        st.booleans(),  # a new session begins before this order
        st.integers(-1000, 1000),  # basis points from the previous close
    ),
    max_size=30,
)


@given(cash=st.integers(0, 30_000_000), orders=_orders, minimum=st.integers(0, 5))
def test_cash_and_holdings_stay_true_whatever_is_ordered(cash: int, orders: list[Any], minimum: int) -> None:
    start = Decimal(cash) / 100
    exchange = open_exchange(str(start), Commission(Decimal("2.5"), Decimal(minimum)))
    on = date(2024, 1, 1)
    for ref, (side, symbol, size, rests, is_new_day, move) in enumerate(orders):
        if is_new_day:
            on += timedelta(days=1)
            exchange.open_session()
        price = (Decimal(10) * (10000 + move) / 10000).quantize(Decimal("0.01"))
        day = bar(str(price), pre_close="10.00", on=on)
        execution = exchange.execute(Order(ref, symbol, side, size, None, not rests), on, day, price)
        assert exchange.account.cash >= 0
        traded = execution.fill.size if execution.fill else 0
        assert traded + execution.waiting + sum(r.size for r in execution.refused) <= size
        assert not (rests is False and execution.waiting)
    _check_against_a_ledger(exchange, start)


def _check_against_a_ledger(exchange: SimulatedExchange, start: Decimal) -> None:
    """Recompute cash and holdings from the fills alone, without any of our own code."""
    cash, held, bought_on = start, dict.fromkeys((MAIN, STAR, BEIJING, CHINEXT, ETF), 0), {}
    for fill in exchange.fills:
        sign = 1 if fill.side == "buy" else -1
        fees = fill.fees.commission + fill.fees.stamp_tax + fill.fees.transfer_fee
        cash -= sign * fill.price * fill.size + fees
        held[fill.symbol] += sign * fill.size
        today = bought_on.setdefault((fill.symbol, fill.date), [0])
        if fill.side == "buy":
            assert (
                fill.size % 100 == 0
                or (fill.symbol == STAR and fill.size >= 200)
                or (fill.symbol == BEIJING and fill.size >= 100)
            )
            today[0] += fill.size
        assert held[fill.symbol] >= today[0], "what was bought today is still there"
    assert cash == exchange.account.cash
    assert {symbol: exchange.account.position(symbol).held for symbol in held} == held

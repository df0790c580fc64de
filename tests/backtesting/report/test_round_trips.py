"""Round trips against hand calculation, and what must hold for any fills."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quantbox.backtesting.report.round_trips import match_round_trips
from quantbox.brokers.models import Fees, Fill, Side

START = date(2024, 1, 1)


def fill(day: int, side: Side, price: str, size: int, fee: str = "0", symbol: str = "600000.SH") -> Fill:
    return Fill(START + timedelta(days=day), symbol, side, Decimal(price), size, Fees(commission=Decimal(fee)))


def test_oldest_shares_leave_first_and_fees_are_shared_by_size() -> None:
    trips, open_lots = match_round_trips(
        [
            fill(0, Side.BUY, "10.00", 200, "5.00"),
            fill(1, Side.BUY, "11.00", 100, "5.00"),
            fill(5, Side.SELL, "12.00", 250, "10.00"),
        ]
    )
    first, second = trips
    # 200 of the 250 sold carry 8.00 of 10.00: 2 × 200 − 5.00 − 8.00
    assert (first.size, first.fees, first.profit) == (200, Decimal("13.00"), Decimal("387.00"))
    # 50 of the 100 bought carry 2.50, the rest of the sale 2.00: 1 × 50 − 4.50
    assert (second.size, second.fees, second.profit) == (50, Decimal("4.50"), Decimal("45.50"))
    assert second.return_pct == 45.5 / 550 * 100
    assert second.days == 4
    (left,) = open_lots
    assert (left.size, left.entry_price, left.fees) == (50, Decimal("11.00"), Decimal("2.50"))


def test_symbols_do_not_mix() -> None:
    trips, open_lots = match_round_trips([fill(0, Side.BUY, "10", 100), fill(1, Side.SELL, "10", 100, symbol="000001.SZ")])
    assert trips == []
    assert [(lot.symbol, lot.direction) for lot in open_lots] == [("600000.SH", "long"), ("000001.SZ", "short")]


def test_short_position_gains_when_the_price_falls_and_a_fill_may_turn_it() -> None:
    # stock Backtrader's broker sells short: 100 at 10, bought back at 9 with 50 more
    trips, open_lots = match_round_trips([fill(0, Side.SELL, "10", 100), fill(2, Side.BUY, "9", 150, "3.00")])
    (trip,) = trips
    assert (trip.direction, trip.profit) == ("short", Decimal("98.00"))  # 1 × 100 − 2/3 of 3 yuan
    assert [(lot.direction, lot.size, lot.fees) for lot in open_lots] == [("long", 50, Decimal("1.00"))]


def test_document_row_is_in_plain_numbers() -> None:
    ((trip,), _) = match_round_trips([fill(0, Side.BUY, "10", 100, "5"), fill(3, Side.SELL, "10.5", 100, "5")])
    assert trip.to_json() == {
        "symbol": "600000.SH",
        "direction": "long",
        "size": 100,
        "entry_date": "2024-01-01",
        "entry_price": 10.0,
        "exit_date": "2024-01-04",
        "exit_price": 10.5,
        "fees": 10.0,
        "profit": 40.0,
        "return_pct": 4.0,
        "days": 3,
    }


fills = st.lists(
    st.builds(
        fill,
        st.just(0),
        st.sampled_from(Side),
        st.decimals("0.01", "500", places=2).map(str),
        st.integers(1, 10_000),
        st.decimals("0", "50", places=2).map(str),
        st.sampled_from(["600000.SH", "000001.SZ"]),
    ),
    max_size=30,
)


@given(fills)
def test_profits_and_open_lots_account_for_every_cent(happened: list[Fill]) -> None:
    trips, open_lots = match_round_trips(happened)
    paid = sum(((1 if f.side is Side.SELL else -1) * f.price * f.size - f.fees.total for f in happened), Decimal(0))
    tied_up = sum(
        ((-1 if lot.direction == "long" else 1) * lot.entry_price * lot.size - lot.fees for lot in open_lots), Decimal(0)
    )
    assert sum((trip.profit for trip in trips), Decimal(0)) + tied_up == paid
    assert sum((trip.fees for trip in trips), Decimal(0)) + sum((lot.fees for lot in open_lots), Decimal(0)) == sum(
        (f.fees.total for f in happened), Decimal(0)
    )
    assert all(trip.fees >= 0 for trip in trips)


@given(fills)
def test_shares_are_matched_once(happened: list[Fill]) -> None:
    trips, open_lots = match_round_trips(happened)
    assert 2 * sum(trip.size for trip in trips) + sum(lot.size for lot in open_lots) == sum(f.size for f in happened)

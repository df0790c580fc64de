from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.market_data.errors import SymbolInvalid
from quantbox.market_data.models import Board, InstrumentKind, Market
from quantbox.market_data.symbols import board_of, is_b_share, kind_of, market_of, parse_symbol


@pytest.mark.parametrize(
    "spelling",
    [
        "600519",
        "sh600519",
        "SH600519",
        "sh.600519",
        "SH#600519",
        "600519.SH",
        "600519.sh",
        "600519.XSHG",
        "600519.SS",
        " 600519 ",
    ],
)
def test_every_spelling_in_use_becomes_the_canonical_one(spelling: str) -> None:
    assert parse_symbol(spelling) == "600519.SH"


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [
        ("000001", "000001.SZ"),
        ("000001.XSHE", "000001.SZ"),
        ("sh000001", "000001.SH"),
        ("002028", "002028.SZ"),
        ("300750", "300750.SZ"),
        ("399006", "399006.SZ"),
        ("688001", "688001.SH"),
        ("900901", "900901.SH"),
        ("200002", "200002.SZ"),
        ("920002", "920002.BJ"),
        ("bj430047", "430047.BJ"),
        ("832317.BJ", "832317.BJ"),
        ("870204", "870204.BJ"),
        ("510050", "510050.SH"),
        ("159915", "159915.SZ"),
        ("160105", "160105.SZ"),
        ("184688", "184688.SZ"),
        ("113050", "113050.SH"),
        ("123001", "123001.SZ"),
        ("204001", "204001.SH"),
        ("899050", "899050.BJ"),
    ],
)
def test_a_bare_code_finds_its_exchange_and_keeps_its_zeros(spelling: str, symbol: str) -> None:
    assert parse_symbol(spelling) == symbol


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "60051",
        "6005190",
        "1A0001",
        "AAPL",
        "600519.HK",
        "600519.SZ",
        "300750.SH",
        "hk00700",
        "sh-600519",
        "６００５１９",
        "700001",
        "999999",
        "RB2010",
        "600519.SH.SH",
    ],
)
def test_what_is_no_symbol_is_refused_with_the_value_and_what_is_accepted(nonsense: str) -> None:
    with pytest.raises(SymbolInvalid) as caught:
        parse_symbol(nonsense)
    assert caught.value.code == "market_data.symbol_invalid"
    assert nonsense in caught.value.message("zh")
    assert "600519.SH" in caught.value.next_step("en")


@pytest.mark.parametrize(
    ("symbol", "kind", "board"),
    [
        ("600519.SH", InstrumentKind.STOCK, Board.MAIN),
        ("000001.SZ", InstrumentKind.STOCK, Board.MAIN),
        ("000001.SH", InstrumentKind.INDEX, None),
        ("399006.SZ", InstrumentKind.INDEX, None),
        ("899050.BJ", InstrumentKind.INDEX, None),
        ("300750.SZ", InstrumentKind.STOCK, Board.CHINEXT),
        ("688981.SH", InstrumentKind.STOCK, Board.STAR),
        ("920002.BJ", InstrumentKind.STOCK, Board.BSE),
        ("430047.BJ", InstrumentKind.STOCK, Board.BSE),
        ("510050.SH", InstrumentKind.FUND, None),
        ("159919.SZ", InstrumentKind.FUND, None),
        ("113050.SH", InstrumentKind.BOND, None),
        ("900901.SH", InstrumentKind.STOCK, Board.MAIN),
    ],
)
def test_the_code_says_kind_and_board(symbol: str, kind: InstrumentKind, board: Board | None) -> None:
    assert (kind_of(symbol), board_of(symbol)) == (kind, board)


def test_b_shares_are_told_from_their_code() -> None:
    assert [is_b_share(s) for s in ("900901.SH", "200002.SZ", "600519.SH", "920002.BJ", "204001.SH")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@given(st.sampled_from(list(Market)), st.integers(0, 999_999))
def test_what_is_accepted_reads_back_as_itself_in_every_spelling(market: Market, number: int) -> None:
    try:
        symbol = parse_symbol(f"{number:06d}.{market}")
    except SymbolInvalid:
        return
    code = symbol[:6]
    assert code == f"{number:06d}"
    assert market_of(symbol) == market
    for spelling in (symbol, f"{market}{code}", f"{market.lower()}.{code}", f"{market}#{code}"):
        assert parse_symbol(spelling) == symbol
    assert kind_of(symbol) in InstrumentKind

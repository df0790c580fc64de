"""Every value of a request is taken within its bound and refused with it outside."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quantbox.backtesting.errors import (
    CashInvalid,
    CostsInvalid,
    ParamInvalid,
    PeriodInvalid,
    SourceInvalid,
    SymbolCountInvalid,
    SymbolRepeated,
)
from quantbox.backtesting.models import Costs
from quantbox.backtesting.requests import check_request, title_of
from quantbox.core.errors import Invalid
from quantbox.market_data.errors import SymbolInvalid
from tests.backtesting.made_by_hand import DAYS, make_request


def test_symbols_in_any_spelling_become_one() -> None:
    checked = check_request(make_request(symbols=("sh600000", "000001", "600519.XSHG"), benchmark="sz.000002"))
    assert checked.symbols == ("600000.SH", "000001.SZ", "600519.SH")
    assert checked.benchmark == "000002.SZ"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\me\\my strategies\\cross.py", "cross.py"),
        ("/home/me/cross.py", "cross.py"),
        ("双均线.py", "双均线.py"),
        ("", "strategy.py"),
        ("a\udce9.py", "a?.py"),
    ],
)
def test_file_name_loses_its_folder(given: str, kept: str) -> None:
    assert check_request(make_request(file_name=given)).file_name == kept


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"start": DAYS[1], "end": DAYS[0]}, PeriodInvalid, "end"),
        ({"cash": Decimal(0)}, CashInvalid, "cash"),
        ({"cash": Decimal("-1")}, CashInvalid, "cash"),
        ({"cash": Decimal("0.001")}, CashInvalid, "cash"),
        ({"cash": Decimal("NaN")}, CashInvalid, "cash"),
        ({"cash": Decimal("Infinity")}, CashInvalid, "cash"),
        ({"cash": Decimal(10) ** 12 + 1}, CashInvalid, "cash"),
        ({"costs": Costs(Decimal("-0.1"), Decimal(5))}, CostsInvalid, "costs.commission_bps"),
        ({"costs": Costs(Decimal("2.5"), Decimal(10_001))}, CostsInvalid, "costs.commission_min_yuan"),
        ({"costs": Costs(Decimal("NaN"), Decimal(5))}, CostsInvalid, "costs.commission_bps"),
        ({"source": " \n"}, SourceInvalid, "source"),
        ({"source": "#" * (1 << 20) + "\n"}, SourceInvalid, "source"),
        ({"symbols": ()}, SymbolCountInvalid, "symbols"),
        ({"symbols": tuple(f"600{n:03d}.SH" for n in range(201))}, SymbolCountInvalid, "symbols"),
        ({"symbols": ("600000", "sh600000")}, SymbolRepeated, "symbols"),
        ({"symbols": ("ABC",)}, SymbolInvalid, "symbols"),
        ({"benchmark": "nonsense"}, SymbolInvalid, "benchmark"),
        ({"params": {"not a name": "1"}}, ParamInvalid, "params.not a name"),
        ({"params": {"fast": "1" * 201}}, ParamInvalid, "params.fast"),
        ({"params": {f"p{n}": "1" for n in range(65)}}, ParamInvalid, "params.p64"),
    ],
)
def test_value_outside_its_bound_is_refused_in_both_languages(changes: dict[str, Any], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as caught:
        check_request(make_request(**changes))
    assert caught.value.facts["field"] == field
    for language in ("zh", "en"):
        assert caught.value.message(language)
        assert caught.value.next_step(language)


@pytest.mark.parametrize("cash", ["0.01", "100000", "1000000000000", "1E+5"])
def test_cash_within_its_bounds_is_taken(cash: str) -> None:
    assert check_request(make_request(cash=Decimal(cash))).cash == Decimal(cash)


def test_title_names_the_file_and_the_symbols() -> None:
    assert title_of(make_request()) == "hand.py · 600000.SH"
    assert title_of(make_request(symbols=("600000.SH", "000001.SZ", "000002.SZ"))) == "hand.py · 600000.SH +2"

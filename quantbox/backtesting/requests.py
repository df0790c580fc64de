"""What a request for a backtest may say: every value within its bound, every symbol written one way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import PurePosixPath, PureWindowsPath

from quantbox.backtesting.errors import (
    CashInvalid,
    CostsInvalid,
    ParamInvalid,
    PeriodInvalid,
    SourceInvalid,
    SymbolCountInvalid,
    SymbolRepeated,
)
from quantbox.backtesting.models import BacktestRequest, Costs
from quantbox.core.errors import QuantBoxError
from quantbox.market_data.symbols import parse_symbol

__all__ = ["MAX_CASH_YUAN", "MAX_SOURCE_BYTES", "MAX_SYMBOLS", "at_field", "check_request", "title_of"]

MAX_SOURCE_BYTES = 1 << 20
MAX_SYMBOLS = 200
#: A trillion: more than any account, and float64 still holds its cents.
MAX_CASH_YUAN = Decimal(10) ** 12
MAX_PARAMS = 64
MAX_PARAM_CHARACTERS = 200
MAX_COMMISSION_BPS = Decimal(1000)
MAX_COMMISSION_MIN_YUAN = Decimal(10_000)
MAX_FILE_NAME_CHARACTERS = 120


@contextmanager
def at_field(name: str) -> Iterator[None]:
    """Add to the facts of any refusal within that the field `name` of the request is at fault, so that a page can mark it."""
    try:
        yield
    except QuantBoxError as error:
        error.facts["field"] = name
        raise


def check_request(request: BacktestRequest) -> BacktestRequest:
    """Return `request` with symbols as 600519.SH and a bare file name.

    Raises
    ------
    Invalid
        Of the kind that names the value and its bound; the fact `field` says where.
    """
    if request.start > request.end:
        raise PeriodInvalid(start=request.start.isoformat(), end=request.end.isoformat(), field="end")
    _check_cash(request.cash)
    _check_costs(request.costs)
    size = len(request.source.encode("utf-8", "surrogatepass"))
    if not request.source.strip() or size > MAX_SOURCE_BYTES:
        raise SourceInvalid(size=size, maximum=MAX_SOURCE_BYTES, field="source")
    _check_params(request.params)
    with at_field("symbols"):
        symbols = _parse_symbols(request.symbols)
    with at_field("benchmark"):
        benchmark = parse_symbol(request.benchmark) if request.benchmark else None
    return replace(
        request,
        symbols=symbols,
        benchmark=benchmark,
        file_name=_bare_name(request.file_name),
    )


def title_of(request: BacktestRequest) -> str:
    """Return how the owner recognises the run in a list: "sma_cross.py · 600519.SH +2"."""
    more = f" +{len(request.symbols) - 1}" if len(request.symbols) > 1 else ""
    return f"{request.file_name} · {request.symbols[0]}{more}"


def _check_cash(cash: Decimal) -> None:
    if not cash.is_finite() or not 0 < cash <= MAX_CASH_YUAN or cash != round(cash, 2):
        raise CashInvalid(cash=str(cash), maximum=f"{MAX_CASH_YUAN:f}", field="cash")


def _check_costs(costs: Costs) -> None:
    for name, value, maximum in (
        ("commission_bps", costs.commission_bps, MAX_COMMISSION_BPS),
        ("commission_min_yuan", costs.commission_min_yuan, MAX_COMMISSION_MIN_YUAN),
    ):
        if not value.is_finite() or not 0 <= value <= maximum:
            raise CostsInvalid(name=name, value=str(value), maximum=str(maximum), field=f"costs.{name}")


def _check_params(params: dict[str, str]) -> None:
    bounds = {"longest": MAX_PARAM_CHARACTERS, "maximum": MAX_PARAMS}
    for number, (name, value) in enumerate(params.items(), start=1):
        if number > MAX_PARAMS or not name.isidentifier() or len(name) + len(value) > MAX_PARAM_CHARACTERS:
            raise ParamInvalid(name=name[:40], field=f"params.{name[:40]}", **bounds)


def _parse_symbols(given: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(given) <= MAX_SYMBOLS:
        raise SymbolCountInvalid(count=len(given), maximum=MAX_SYMBOLS)
    symbols: list[str] = []
    for text in given:
        symbol = parse_symbol(text)
        if symbol in symbols:
            raise SymbolRepeated(symbol=symbol)
        symbols.append(symbol)
    return tuple(symbols)


def _bare_name(file_name: str) -> str:
    # without its folder, which is nobody's business, and without the halves of characters a file system may give
    bare = PurePosixPath(PureWindowsPath(file_name).name).name.encode("utf-8", "replace").decode()
    return bare[:MAX_FILE_NAME_CHARACTERS] or "strategy.py"

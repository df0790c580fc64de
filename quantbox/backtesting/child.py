"""The work of a backtest's child process: strategy text and bars in, one JSON text out.

Header of the request, beside `kind` and `limits`:

- `request`: a BacktestRequest (decimals as text, days as YYYY-MM-DD);
- `sessions`: the market's days of trading in the period;
- `feeds`: per symbol `symbol`, `kind` (stock, fund, index ...), `adjust`, `is_display_only`, `listed_on` and `suspended`
  (days on which a source says that it did not trade). Their bars follow as Arrow IPC in the same order.

The JSON text holds `engine`, `bars`, `run_seconds`, `final_value`, `final_cash`, `trades`, `rejected`, `warnings`, `equity`
and `exposure`. Yuan are exact to the cent with rules on and unrounded floats with rules off. A refusal is raised; what
the strategy prints travels beside, as log frames.
"""

from __future__ import annotations

import io
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from quantbox.backtesting.engines import Engine, EngineInput, EngineResult, FeedBars
from quantbox.backtesting.loading import find_strategy, load_module, parse_params
from quantbox.backtesting.strategy_errors import StrategyFailed, StrategySyntaxWrong
from quantbox.brokers.models import Commission, Listing
from quantbox.core.errors import QuantBoxError
from quantbox.market_data import rules
from quantbox.market_data.symbols import is_b_share

__all__ = ["run"]

_DETAIL_CHARACTERS = 500
_POSITION_SECONDS = 0.2
_CONVERTIBLE_RULES_SINCE = date(2022, 8, 1)  # limits of 20 %; what has a rule then is a convertible bond
Emit = Callable[[dict[str, Any]], None]


def run(header: dict[str, Any], feeds: list[bytes], emit: Emit) -> str:
    """Run one backtest and return its result as JSON text.

    Raises
    ------
    StrategySyntaxWrong, StrategyFailed
        With file, line and bar date, where there are.
    QuantBoxError
        Where the file or its parameters cannot be used.
    """
    request = header["request"]
    strategy = _guard(request["file_name"], lambda: load_module(request["source"], request["file_name"]))
    chosen = find_strategy(strategy, request.get("class_name"))
    engine = Engine(
        _engine_input(header, feeds, chosen),
        lambda fraction, day: emit({"type": "progress", "fraction": fraction, "bar_date": day.isoformat()}),
    )
    started = time.perf_counter()
    with _position_told(request["file_name"], lambda: engine.current_date, emit):
        result: EngineResult = _guard(request["file_name"], engine.run, lambda: engine.current_date)
    body = {"engine": engine.name, "bars": engine.bars, "run_seconds": time.perf_counter() - started, **asdict(result)}
    return json.dumps(body)  # escaped: a name the strategy made up may hold half a surrogate pair


def _guard(file_name: str, work: Callable[[], Any], bar_date: Callable[[], date | None] = lambda: None) -> Any:
    """Do `work`, and say of whatever the owner's code raises where in its file that was."""
    try:
        return work()
    except (QuantBoxError, MemoryError):
        raise
    except SyntaxError as error:
        if error.filename != file_name:
            raise _failure(error, file_name, bar_date()) from error
        raise StrategySyntaxWrong(detail=error.msg, file=file_name, line=error.lineno) from error
    except (Exception, SystemExit) as error:  # an edge: the strategy may raise anything, and exit
        raise _failure(error, file_name, bar_date()) from error


@contextmanager
def _position_told(file_name: str, bar_date: Callable[[], date | None], emit: Emit) -> Iterator[None]:
    """Tell from a second thread at which line and bar the strategy is: one that never returns is stopped without a word."""
    strategy_thread, ended = threading.get_ident(), threading.Event()

    def watch() -> None:
        told = None
        while not ended.wait(_POSITION_SECONDS):
            frame = sys._current_frames().get(strategy_thread)
            while frame is not None and frame.f_code.co_filename != file_name:
                frame = frame.f_back
            day = bar_date()
            if frame is not None and day is not None and (position := (frame.f_lineno, day)) != told:
                told = position
                emit({"type": "position", "line": frame.f_lineno, "bar_date": day.isoformat()})

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _failure(error: BaseException, file_name: str, bar_date: date | None) -> StrategyFailed:
    own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file_name]
    line = own[-1] if own else None
    at = file_name if line is None else f"{file_name}:{line}"
    return StrategyFailed(
        exception=type(error).__name__,
        detail=str(error)[:_DETAIL_CHARACTERS],
        file=file_name,
        line=line,
        bar_date=None if bar_date is None else bar_date.isoformat(),
        place=at if bar_date is None else f"{at}, {bar_date}",
    )


def _engine_input(header: Mapping[str, Any], feeds: list[bytes], strategy: type) -> EngineInput:
    request = header["request"]
    costs = request.get("costs") or {}
    default = Commission()
    bars = tuple(_feed_bars(meta, arrow) for meta, arrow in zip(header["feeds"], feeds, strict=True))
    sessions = {*header.get("sessions", ()), *(day for meta in header["feeds"] for day in meta.get("suspended", ()))}
    return EngineInput(
        strategy=strategy,
        params=parse_params(strategy, request.get("params", {})),
        feeds=bars,
        cash=Decimal(str(request["cash"])),
        rules=request.get("rules", True),
        sessions=tuple(sorted(date.fromisoformat(day) for day in sessions)),
        commission=Commission(
            Decimal(str(costs.get("commission_bps", default.rate_bps))),
            Decimal(str(costs.get("commission_min_yuan", default.minimum_yuan))),
        ),
        seed=request.get("seed", 0),
    )


def _feed_bars(meta: Mapping[str, Any], arrow: bytes) -> FeedBars:
    listed_on = meta.get("listed_on")
    listing = Listing(
        symbol=meta["symbol"],
        is_tradable=_is_tradable(meta["symbol"], meta["kind"]) and not meta.get("is_display_only", False),
        listed_on=None if listed_on is None else date.fromisoformat(listed_on),
    )
    frame = pl.read_ipc(io.BytesIO(arrow))
    return FeedBars.from_frame(frame, listing, adjust=meta.get("adjust", "none"), is_stock=meta["kind"] == "stock")


def _is_tradable(symbol: str, kind: str) -> bool:
    """Whether a yuan account may trade it by rules that are known: no index, no B share, of bonds the convertible ones."""
    if kind == "bond":
        return rules.limit_band(symbol, _CONVERTIBLE_RULES_SINCE, None).record is not None
    return kind in ("stock", "fund") and not is_b_share(symbol)

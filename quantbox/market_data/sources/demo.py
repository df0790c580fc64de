"""The demo market (模拟数据): ten years of daily bars of invented instruments, for a first run without a network.

The same on every machine: random integers and integer arithmetic only, in fen and millionths, so no rounding of a
platform can leak in. It keeps the market's own rules (dated price limits, ST, first sessions without limits) and has
what a strategy meets in real data: dividends, bonus shares, suspensions, boards locked at their limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quantbox.market_data.models import BAR_SCHEMA, Instrument
from quantbox.market_data.rules import limit_prices
from quantbox.market_data.sources.demo_listings import (
    CHINEXT_INDEX,
    FUND,
    INDEX,
    SAMPLE_SYMBOL,
    STOCKS,
    DemoStock,
    demo_instruments,
)

__all__ = ["DEMO_END", "DEMO_START", "SAMPLE_SYMBOL", "DemoMarket", "make_demo_market"]

DEMO_START = date(2016, 10, 31)
DEMO_END = date(2026, 10, 30)

_SEED = 20161031
_MILLION = 1_000_000
#: What a volatile price loses to its own swings, given back: millionths a day.
_DRIFT = 350
#: Open, high, low and close in fen, as kept while a market is made.
_Prices = tuple[int, int, int, int]


@dataclass(frozen=True)
class DemoMarket:
    """What the demo market brings: bars in BAR_SCHEMA, suspended days (symbol, date) and instruments."""

    bars: pl.DataFrame
    suspensions: pl.DataFrame
    instruments: list[Instrument]


@dataclass(frozen=True)
class _Bar:
    """One bar in integers: prices in hundredths (the fund's in thousandths) of a yuan."""

    day: date
    prices: _Prices
    pre_close: int
    volume: int
    amount_fen: int
    is_st: bool | None = None


@dataclass
class _Path:
    """One stock as it goes through the years."""

    stock: DemoStock
    close: int
    anchor: int
    bars: list[_Bar] = field(default_factory=list)
    suspended: list[date] = field(default_factory=list)
    halt_left: int = 0
    streak_left: int = 0
    streak_up: bool = True


def make_demo_market(sessions: Sequence[date]) -> DemoMarket:
    """Return the demo market on the given trading days between DEMO_START and DEMO_END."""
    days = [day for day in sessions if DEMO_START <= day <= DEMO_END]
    random = np.random.Generator(np.random.PCG64(_SEED))
    paths = [_Path(stock, stock.price_fen, stock.price_fen) for stock in STOCKS]
    seasons = np.repeat(random.integers(-500, 900, len(days) // 60 + 1), 60)[: len(days)]
    market_moves = (_bell(random, (len(days),)) * 9 + seasons).tolist()
    own_moves = _bell(random, (len(paths), len(days))).tolist()
    dice = random.integers(0, _MILLION, (len(paths), len(days), 8)).tolist()
    for path, moves, throws in zip(paths, own_moves, dice, strict=True):
        for day, market_move, own_move, throw in zip(days, market_moves, moves, throws, strict=True):
            if path.stock.listed_on <= day:
                _step(path, day, market_move + own_move * path.stock.swing // 1000, throw)
    index = _index_bars(days, paths, start=320_000)
    chinext = _index_bars(days, [path for path in paths if path.stock.symbol.startswith("309")], start=210_000)
    fund = list(_fund_bars(index))
    frames = [_frame(path.stock.symbol, path.bars, 100) for path in paths]
    frames += [_frame(INDEX, index, 100), _frame(CHINEXT_INDEX, chinext, 100), _frame(FUND, fund, 1000)]
    halts = [(path.stock.symbol, day) for path in paths for day in path.suspended]
    suspensions = pl.DataFrame(halts, schema={"symbol": pl.String, "date": pl.Date}, orient="row")
    return DemoMarket(pl.concat(frames).sort("symbol", "date"), suspensions, demo_instruments())


def _bell(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return integers spread like a normal distribution with standard deviation 1,000 (sums of twelve uniform ones)."""
    total: NDArray[np.int64] = random.integers(0, 1000, (*shape, 12)).sum(axis=-1)
    return total - 5994


def _step(path: _Path, day: date, move: int, dice: list[int]) -> None:
    """Take one stock through one day."""
    stock = path.stock
    is_first = not path.bars
    is_st = stock.risk_warning is not None and stock.risk_warning[0] <= day <= stock.risk_warning[1]
    if _is_halted(path, day, dice):
        path.suspended.append(day)
        return
    pre_close = path.close if is_first else _after_rights(path, day, dice)
    upper, lower = _limits(path, day, pre_close, is_st)
    move += _DRIFT + 2000 * (path.anchor - pre_close) // path.anchor  # prices stay in sight of where they began
    locked = _streak_move(path, move, dice)
    if locked is not None:
        close = (upper if locked else lower) if upper and lower else pre_close
    else:
        close = _clip((pre_close * (_MILLION + move) + _MILLION // 2) // _MILLION, lower, upper)
    prices = _day_prices(pre_close, close, (lower, upper), dice, is_locked=locked is not None and dice[6] % 3 < 2)
    volume = stock.volume * (400_000 + dice[3]) // _MILLION * (_MILLION + 25 * abs(move)) // _MILLION
    volume = max(volume // (20 if prices[1] == prices[2] else 1) // 100, 1) * 100
    low, high = prices[2], prices[1]
    average = low * 1000 + (high - low) * (250 + dice[4] % 500)  # thousandths of a fen, within low..high
    path.bars.append(_Bar(day, prices, pre_close, volume, volume * average // 1000, is_st))
    path.close = close


def _is_halted(path: _Path, day: date, dice: list[int]) -> bool:
    """Return whether the stock is suspended on the day: a spell now and then, and the first day of a risk warning."""
    if not path.bars:
        return False
    if path.halt_left:
        path.halt_left -= 1
        return True
    if path.stock.risk_warning is not None and day == path.stock.risk_warning[0]:
        return True
    if dice[0] < 600 and day < DEMO_END:
        path.halt_left = dice[1] % 14
        return True
    return False


def _after_rights(path: _Path, day: date, dice: list[int]) -> int:
    """Return the previous close as the exchange states it: less on the yearly ex-date in June or July."""
    ex_date = date(day.year, 6, 5) + timedelta(days=int(path.stock.symbol[3:6]) % 45)
    if not path.bars[-1].day < ex_date <= day:
        return path.close
    cash_per_ten = path.close * (5 + dice[5] % 25) // 100  # 0.5 % to 3 %
    bonus_per_ten = (0, 0, 0, 0, 0, 2, 3, 4)[dice[7] % 8] if path.close > 1000 else 0
    pre_close = (path.close * 10 - cash_per_ten + (10 + bonus_per_ten) // 2) // (10 + bonus_per_ten)
    path.anchor = max(path.anchor * pre_close // path.close, 1)
    return pre_close


def _limits(path: _Path, day: date, pre_close: int, is_st: bool) -> tuple[int | None, int | None]:
    session = len(path.bars) if path.stock.listed_on >= DEMO_START else None
    upper, lower = limit_prices(
        path.stock.symbol,
        day,
        Decimal(pre_close) / 100,
        is_st=is_st,
        listed_on=path.stock.listed_on,
        sessions_since_listing=session,
    )
    return (None if upper is None else int(upper * 100)), (None if lower is None else int(lower * 100))


def _streak_move(path: _Path, move: int, dice: list[int]) -> bool | None:
    """Return True or False when news locks the stock at its upper or lower limit, else None."""
    if path.streak_left:
        path.streak_left -= 1
        return path.streak_up
    if dice[2] < 2500:
        path.streak_left, path.streak_up = dice[1] % 4, move > 0
        return path.streak_up
    return None


def _day_prices(
    pre_close: int, close: int, limits: tuple[int | None, int | None], dice: list[int], *, is_locked: bool
) -> _Prices:
    """Return open, high, low and close around the day's move."""
    if is_locked and close in limits:
        return close, close, close, close
    lower, upper = limits
    opening = _clip(pre_close + (close - pre_close) * (dice[6] % 100) // 160, lower, upper)
    reach = max(pre_close * (2000 + dice[7] % 9000) // _MILLION, 1)
    high = _clip(max(opening, close) + 1 + reach * (dice[4] % 100) // 100, lower, upper)
    low = _clip(min(opening, close) - 1 - reach * (dice[5] % 100) // 100, lower, upper)
    return opening, high, max(low, 1), close


def _clip(price: int, lower: int | None, upper: int | None) -> int:
    if lower is not None:
        price = max(price, lower)
    if upper is not None:
        price = min(price, upper)
    return max(price, 1)


def _index_bars(days: Sequence[date], paths: Sequence[_Path], start: int) -> list[_Bar]:
    """Return an index whose move is the mean of the stocks' moves on the day, in hundredths of a point."""
    by_day: dict[date, list[_Bar]] = {}
    for path in paths:
        for bar in path.bars:
            by_day.setdefault(bar.day, []).append(bar)
    bars: list[_Bar] = []
    close = start
    for day in days:
        traded = by_day.get(day, [])
        if not traded:
            continue
        moves = [
            sum((bar.prices[column] - bar.pre_close) * _MILLION // bar.pre_close for bar in traded) // len(traded)
            for column in range(4)
        ]
        opening, high, low, last = (close * (_MILLION + move) // _MILLION for move in moves)
        prices = (opening, max(high, opening, last), min(low, opening, last), last)
        volume, amount = sum(bar.volume for bar in traded), sum(bar.amount_fen for bar in traded)
        bars.append(_Bar(day, prices, close, volume, amount))
        close = last
    return bars


def _fund_bars(index: Sequence[_Bar]) -> Iterator[_Bar]:
    """Yield a fund that follows the index in thousandths of a yuan."""
    pre_close = None
    for bar in index:
        opening, high, low, close = (max(price * 10 // 32, 1) // 100 for price in bar.prices)
        volume = max(bar.volume // 40 // 100, 1) * 100
        average = (opening + high + low + close) * 250 // 1  # thousandths of a thousandth of a yuan
        yield _Bar(bar.day, (opening, high, low, close), pre_close or opening, volume, volume * average // 10_000)
        pre_close = close


def _frame(symbol: str, bars: Sequence[_Bar], per_yuan: int) -> pl.DataFrame:
    prices = [[bar.prices[column] / per_yuan for bar in bars] for column in range(4)]
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(bars),
            "date": [bar.day for bar in bars],
            "time": [None] * len(bars),
            "open": prices[0],
            "high": prices[1],
            "low": prices[2],
            "close": prices[3],
            "volume": [bar.volume for bar in bars],
            "amount": [bar.amount_fen / 100 for bar in bars],
            "pre_close": [bar.pre_close / per_yuan for bar in bars],
            "is_st": [bar.is_st for bar in bars],
        },
        schema=BAR_SCHEMA,
    )

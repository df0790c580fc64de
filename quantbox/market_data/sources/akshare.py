"""akshare as a source: daily history from Eastmoney, names from the exchanges, the calendar from Sina.

akshare is imported only when it is asked (0.7 s, 109 MB). Most of its functions call `requests.get` without a time-out, so every
call runs in a thread with a total deadline; a call that outlives it is left behind and its answer thrown away.
"""

from __future__ import annotations

import contextlib
import math
import queue
import random
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from quantbox.core.text import Text
from quantbox.market_data.models import BAR_SCHEMA, Instrument, InstrumentKind, Symbol
from quantbox.market_data.sources.base import SourceAnswerUnusable, SourceUnreachable
from quantbox.market_data.symbols import board_of, kind_of, parse_symbol

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AkshareSource"]

DEADLINE_SECONDS = 30.0
ATTEMPTS = 3
RETRY_PAUSE_SECONDS = 1.0
WAIT_SECONDS = 0.5
#: Eastmoney blocks addresses that ask more often than about once in two seconds for long (akshare issues 6092, 6148, 6623).
SPACING_SECONDS = 0.5
#: akshare's column → ours, for stocks, indices and funds alike; volume is in 手 (100 shares), amount in yuan.
HISTORY_COLUMNS = {
    "日期": "date",
    "开盘": "open",
    "收盘": "close",
    "最高": "high",
    "最低": "low",
    "成交量": "volume",
    "成交额": "amount",
}
SHARES_PER_HAND = 100
#: What the usual failures say of themselves, and what that means.
CAUSES = {
    "NameResolutionError": Text("找不到主机，可能没有联网", "its host is not found; this computer may be offline"),
    "TimeoutError": Text("超过时限", "the time was up"),
    "ProxyError": Text("代理服务器不通", "the proxy does not work"),
    "CERTIFICATE_VERIFY_FAILED": Text("证书不可信", "its certificate is not trusted"),
}


class AkshareSource:
    """The `Source` that asks through akshare.

    Parameters
    ----------
    deadline_seconds : float
        Longest wait for one question, retries included.
    spacing_seconds : float
        Least time between two questions.
    retry_pause_seconds : float
        Pause before the second try, with jitter of a half; doubled before the third.
    on_wait : callable
        Called every half second while an answer is awaited; what it raises ends the waiting.
    """

    name = "akshare"
    origin = "eastmoney"

    def __init__(
        self,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        spacing_seconds: float = SPACING_SECONDS,
        retry_pause_seconds: float = RETRY_PAUSE_SECONDS,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._spacing_seconds = spacing_seconds
        self._retry_pause_seconds = retry_pause_seconds
        self._on_wait = on_wait
        self._last_asked = -math.inf

    def daily_bars(self, symbol: Symbol, start: date, end: date) -> pl.DataFrame:
        """Return unadjusted daily bars of `symbol`, both ends included, in BAR_SCHEMA; empty when it has none."""
        import akshare

        code, kind = symbol.split(".")[0], kind_of(symbol)
        period = {"start_date": start.strftime("%Y%m%d"), "end_date": end.strftime("%Y%m%d")}
        if kind is InstrumentKind.INDEX:
            answer = self._ask(self.origin, lambda: akshare.index_zh_a_hist(symbol=code, period="daily", **period))
        elif kind is InstrumentKind.FUND:
            answer = self._ask(self.origin, lambda: akshare.fund_etf_hist_em(symbol=code, period="daily", adjust="", **period))
        else:
            answer = self._ask(
                self.origin, lambda: akshare.stock_zh_a_hist(symbol=code, period="daily", adjust="", timeout=15, **period)
            )
        return read_history(symbol, answer, self.origin).filter(pl.col("date").is_between(start, end))

    def names(self) -> list[Instrument]:
        """Return every listed A share by the lists of the three exchanges."""
        import akshare

        answer = self._ask("exchanges", akshare.stock_info_a_code_name)
        require_columns(answer, ["code", "name"], "exchanges")
        return [instrument_of(str(code), str(name)) for code, name in zip(answer["code"], answer["name"], strict=True)]

    def sessions(self) -> list[date]:
        """Return all trading days Sina's calendar knows, ascending."""
        import akshare

        answer = self._ask("sina", akshare.tool_trade_date_hist_sina)
        require_columns(answer, ["trade_date"], "sina")
        return sorted(answer["trade_date"])

    def _ask(self, origin: str, question: Callable[[], Any]) -> pd.DataFrame:
        """Ask within the deadline, at most three times, with growing pauses between."""
        give_up_at = time.monotonic() + self._deadline_seconds
        problem: Exception = TimeoutError()
        for attempt in range(ATTEMPTS):
            pause = max(self._last_asked + self._spacing_seconds - time.monotonic(), 0)
            pause += attempt * self._retry_pause_seconds * random.uniform(0.5, 1.5)  # noqa: S311  jitter is no secret  # nosec B311
            remaining = give_up_at - time.monotonic() - pause
            if remaining <= 0:
                break
            time.sleep(pause)
            self._last_asked = time.monotonic()
            try:
                return answer_within(remaining, question, self._on_wait)
            except (OSError, TimeoutError) as failure:  # requests' errors are OSErrors; worth another try
                problem = failure
            except Exception as failure:  # akshare raises whatever its parsing trips over: KeyError, TypeError, ValueError…
                raise SourceAnswerUnusable(origin=origin, problem=f"{type(failure).__name__}: {failure}"[:200]) from failure
        cause = cause_of(problem)
        raise SourceUnreachable(origin=origin, cause_zh=cause.zh, cause_en=cause.en) from problem


def cause_of(problem: Exception) -> Text:
    """Return in a few words why a question was not answered."""
    known = (text for sign, text in CAUSES.items() if sign in f"{type(problem).__name__} {problem}")
    # The cause of requests' other long sentences stands at their end.
    said = f"{type(problem).__name__} {str(problem)[-120:]}".strip()
    return next(known, Text(said, said))


def answer_within(seconds: float, question: Callable[[], Any], on_wait: Callable[[], None]) -> Any:
    """Return what `question` answers, or raise TimeoutError after `seconds`; the thread is left to its fate."""
    answers: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((question(), None))
        except Exception as failure:  # noqa: BLE001  carried over to the asking thread, which tells its kind apart
            answers.put((None, failure))

    threading.Thread(target=ask, daemon=True, name="akshare").start()
    give_up_at = time.monotonic() + seconds
    while (remaining := give_up_at - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            answer, failure = answers.get(timeout=min(remaining, WAIT_SECONDS))
            if failure is not None:
                raise failure
            return answer
        on_wait()
    raise TimeoutError


def require_columns(answer: pd.DataFrame, columns: list[str], origin: str) -> None:
    """Refuse an answer that lacks a column, naming it."""
    missing = [column for column in columns if column not in answer.columns]
    if missing:
        raise SourceAnswerUnusable(
            origin=origin, problem=f"no column {', '.join(missing)}; has {', '.join(map(str, answer.columns))}"[:300]
        )


def read_history(symbol: Symbol, answer: pd.DataFrame, origin: str) -> pl.DataFrame:
    """Return akshare's daily history in BAR_SCHEMA; refuses rows that no exchange could have made.

    Notes
    -----
    An unknown code gives an empty frame without columns, which is an empty history. `pre_close` stays null: akshare gives none.
    """
    if answer.empty and not len(answer.columns):
        return pl.DataFrame(schema=BAR_SCHEMA)
    require_columns(answer, list(HISTORY_COLUMNS), origin)
    columns: dict[str, Any] = {ours: answer[theirs].tolist() for theirs, ours in HISTORY_COLUMNS.items()}
    columns["date"] = [day if isinstance(day, date) else date.fromisoformat(str(day)[:10]) for day in columns["date"]]
    for name in ("open", "high", "low", "close", "volume", "amount"):
        columns[name] = [None if value is None or not math.isfinite(value) else float(value) for value in columns[name]]
    frame = pl.DataFrame(
        columns, schema_overrides={name: BAR_SCHEMA[name] for name in ("date", "open", "high", "low", "close", "amount")}
    )
    prices = pl.min_horizontal("open", "high", "low", "close")
    impossible = frame.filter(
        pl.any_horizontal(pl.col("date", "open", "high", "low", "close", "volume").is_null())
        | (prices <= 0)
        | (pl.col("volume") < 0)
        | (pl.col("high") < pl.max_horizontal("open", "close", "low"))
        | (pl.col("low") > pl.min_horizontal("open", "close"))
    )
    if impossible.height:
        raise SourceAnswerUnusable(origin=origin, problem=f"{symbol}: {impossible.row(0, named=True)}"[:300])
    if frame["date"].n_unique() != frame.height:
        raise SourceAnswerUnusable(origin=origin, problem=f"{symbol}: the same day twice")
    traded = frame.filter(pl.col("volume") > 0)
    return traded.select(
        pl.lit(symbol).alias("symbol"),
        "date",
        pl.lit(None, pl.Datetime("us")).alias("time"),
        "open",
        "high",
        "low",
        "close",
        (pl.col("volume") * SHARES_PER_HAND).cast(pl.Int64).alias("volume"),
        "amount",
        pl.lit(None, pl.Float64).alias("pre_close"),
        pl.lit(None, pl.Boolean).alias("is_st"),
    ).sort("date")


def instrument_of(code: str, name: str) -> Instrument:
    """Return the instrument of one line of the exchanges' lists; its pinyin is computed when it is stored."""
    symbol = parse_symbol(code)
    return Instrument(symbol=symbol, name=name.strip(), pinyin="", kind=kind_of(symbol), board=board_of(symbol))

"""Where market data can come from, and how each way has done so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from quantbox.core.text import Text
from quantbox.jobs.models import Job, JobState
from quantbox.market_data.models import Series

__all__ = ["SourceState", "describe_sources"]

ABOUT = {
    "akshare": Text(
        "在线来源：东方财富等公开行情，经 akshare 取得，只在更新时联网",
        "Online: public quotes of Eastmoney and others through akshare; asked only when you update",
    ),
    "files": Text(
        "您自己的文件：akshare、baostock、tushare、通达信和普通 CSV",
        "Your own files: akshare, baostock, tushare, Tongdaxin and plain CSV",
    ),
    "demo": Text("模拟数据：30 个虚构标的，无需联网", "Simulated data: 30 invented instruments, no network needed"),
}


@dataclass(frozen=True)
class SourceState:
    """One way market data comes in.

    Attributes
    ----------
    state : str
        "unused" before anything came from it, "failing" when its last update failed, else "ready".
    last_error : dict or None
        The sentence of the last failed update in both languages, when nothing has succeeded since.
    """

    name: str
    origin: str
    state: Literal["ready", "unused", "failing"]
    last_success: datetime | None
    last_error: dict[str, str] | None
    about: dict[str, str]


def describe_sources(series: Sequence[Series], updates: Sequence[Job]) -> list[SourceState]:
    """Return every source with how it has done.

    Parameters
    ----------
    series : sequence of Series
        All that is stored.
    updates : sequence of Job
        Update jobs, newest first.
    """
    newest: dict[str, datetime] = {}
    for one in series:
        name = "demo" if one.is_demo else "akshare" if one.origin.startswith("akshare.") else "files"
        newest[name] = max(one.updated_at, newest.get(name, one.updated_at))
    ended = next((job for job in updates if job.state in (JobState.SUCCEEDED, JobState.FAILED)), None)
    error = ended.reason.message if ended and ended.state is JobState.FAILED and ended.reason else None
    return [
        _state("akshare", "eastmoney", newest.get("akshare"), error),
        _state("files", "files", newest.get("files"), None),
        _state("demo", "quantbox", newest.get("demo"), None),
    ]


def _state(name: str, origin: str, last_success: datetime | None, error: dict[str, str] | None) -> SourceState:
    state: Literal["ready", "unused", "failing"] = "failing" if error else "ready" if last_success else "unused"
    return SourceState(name, origin, state, last_success, error, ABOUT[name].to_json())

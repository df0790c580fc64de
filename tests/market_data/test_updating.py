"""Updates through the real akshare against a local origin: only what is missing, nothing doubtful, one failure alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.models import Instrument, InstrumentKind
from quantbox.market_data.service import MarketData
from quantbox.market_data.sources.akshare import AkshareSource
from quantbox.market_data.sources.base import SourceUnreachable
from quantbox.market_data.updating import NothingToUpdate, SourceUnknown, Teller, update_from
from tests.market_data.bars import make_bars
from tests.market_data.sources.fake_origin import FakeOrigin, bse_list, hang, running_origin, sina_calendar, sse_list, szse_list

KLINE = "push2his.eastmoney.com/api/qt/stock/kline/get"


def line(day: str, price: float, *, amount_factor: float = 1.0) -> str:
    """One day in Eastmoney's layout: 10,000 hands at one price, so amount is price x 1,000,000 shares."""
    return f"{day},{price},{price},{price},{price},10000,{price * 1_000_000 * amount_factor},0,0,0,0"


def answers(histories: dict[str, list[str]]) -> object:
    def answer(query: dict[str, str]) -> bytes | int:
        code = query["secid"].split(".")[1]
        if code not in histories:
            return 500
        chosen = [text for text in histories[code] if query["beg"] <= text[:10].replace("-", "") <= query["end"]]
        return json.dumps({"rc": 0, "data": {"code": code, "klines": chosen}}).encode()

    return answer


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrigin]:
    import akshare

    for cached in (akshare.stock_info_sh_name_code, akshare.stock_info_bj_name_code):
        cached.cache_clear()
    with running_origin(tmp_path, monkeypatch) as running:
        running.answer(
            "query.sse.com.cn/sseQuery/commonQuery.do", sse_list({"1": [("600519", "贵州茅台")], "8": [("688001", "华兴源创")]})
        )
        running.answer("www.szse.cn/api/report/ShowReport", szse_list([(f"{code:06}", f"深圳{code}") for code in range(1, 13)]))
        running.answer("www.bse.cn/nqxxController/nqxxCnzq.do", bse_list([("920002", "万达轴承")]))
        running.answer(
            "finance.sina.com.cn/realstock/company/klc_td_sh.txt",
            sina_calendar([date(2026, 12, 31), date(2027, 1, 4), date(2027, 1, 5)]),
        )
        yield running


@pytest.fixture
def market(tmp_path: Path) -> MarketData:
    return MarketData(DataFolder(tmp_path / "store"), FixedClock(datetime(2026, 11, 20, 8, tzinfo=UTC)))


def update(market: MarketData, *symbols: str, **period: date | None) -> dict[str, object]:
    source = AkshareSource(deadline_seconds=8, spacing_seconds=0, retry_pause_seconds=0.02)
    return update_from(
        market, source, symbols or None, start=period.get("start"), end=period.get("end"), progress=lambda _fraction, _stage: None
    )


def test_only_the_days_after_the_last_stored_one_are_asked_for(origin: FakeOrigin, market: MarketData) -> None:
    origin.answer(KLINE, answers({"600519": [line("2026-11-18", 1400.0), line("2026-11-19", 1410.0)]}))
    first = update(market, "600519")
    asked: list[str] = []

    def remember(query: dict[str, str]) -> bytes:
        asked.append(query["beg"])
        return json.dumps({"rc": 0, "data": {"klines": [line("2026-11-20", 1420.0)]}}).encode()

    origin.answer(KLINE, remember)
    second = update(market)
    assert asked == ["20261120"]
    assert (first["failed"], second["failed"]) == (0, 0)
    assert second["symbols"] == [{"symbol": "600519.SH", "rows": 1, "first": "2026-11-20", "last": "2026-11-20", "error": None}]
    bars = market.bars("600519.SH")
    assert bars["close"].to_list() == [1400.0, 1410.0, 1420.0]
    assert bars["volume"].to_list() == [1_000_000] * 3
    assert market.series("600519.SH")[0].origin == "akshare.eastmoney"
    assert market.series("600519.SH")[0].factor_known is False  # the source gives no pre_close


def test_one_symbol_that_fails_does_not_stop_the_others(origin: FakeOrigin, market: MarketData) -> None:
    origin.answer(KLINE, answers({"600519": [line("2026-11-19", 1410.0)]}))
    answer = update(market, "600000", "600519", start=date(2026, 11, 1))
    assert answer["failed"] == 1
    failed, fine = answer["symbols"]  # type: ignore[misc]
    assert failed["error"]["code"].startswith("market_data.source_")
    assert (fine["rows"], fine["error"]) == (1, None)
    assert [series.symbol for series in market.series()] == ["600519.SH"]


def test_an_answer_whose_amounts_contradict_its_prices_is_not_stored(origin: FakeOrigin, market: MarketData) -> None:
    origin.answer(
        KLINE, answers({"600519": [line("2026-11-18", 1400.0, amount_factor=100), line("2026-11-19", 1410.0, amount_factor=100)]})
    )
    answer = update(market, "600519", start=date(2026, 11, 1))
    assert answer["failed"] == 1
    assert market.series() == []


def test_calendar_and_names_come_along_and_their_failure_stops_nothing(origin: FakeOrigin, market: MarketData) -> None:
    origin.answer(KLINE, answers({"600519": [line("2026-11-19", 1410.0)]}))
    answer = update(market, "600519", start=date(2026, 11, 1))
    assert answer["calendar_end"] == "2027-01-05"
    assert market.instruments.get("600519.SH").name == "贵州茅台"
    assert market.instruments.get("688001.SH").kind is InstrumentKind.STOCK
    assert [one.symbol for one in market.instruments.search("gzmt", 5)] == ["600519.SH"]
    assert answer["reference_problems"] == []
    origin.answer("finance.sina.com.cn/realstock/company/klc_td_sh.txt", 500)
    again = update(market, "600519", start=date(2026, 11, 19))
    assert [problem["what"] for problem in again["reference_problems"]] == ["calendar"]  # type: ignore[attr-defined]
    assert again["failed"] == 0


class SilentFrom:
    """A source of the user's own that answers the first questions and then no more."""

    name, origin = "own", "nowhere"

    def __init__(self, answered: int) -> None:
        self.left = answered
        self.asked: list[str] = []

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        self.left -= 1
        if self.left < 0:
            raise SourceUnreachable(origin=self.origin, cause_zh="没有联网", cause_en="offline")

    def sessions(self) -> list[date]:
        self._answer("calendar")
        return []

    def names(self) -> list[Instrument]:
        self._answer("names")
        return []

    def daily_bars(self, symbol: str, start: date, end: date) -> pl.DataFrame:
        self._answer(symbol)
        return make_bars(symbol, [10.0], start=end)


SIX = ["600000", "600001", "600002", "600003", "600004", "600005"]


@pytest.mark.parametrize(
    ("answered", "asked", "updated"),
    [
        (0, ["calendar", "names", "600000.SH"], 0),  # three questions in a row without an answer
        (4, ["calendar", "names", *[f"{code}.SH" for code in SIX[:5]]], 2),  # two symbols answered, three not
    ],
)
def test_a_source_that_stays_silent_is_asked_no_more(market: MarketData, answered: int, asked: list[str], updated: int) -> None:
    source = SilentFrom(answered)
    answer = update_from(market, source, SIX, start=None, end=None, progress=lambda _fraction, _stage: None)
    assert source.asked == asked
    assert answer["failed"] == 6 - updated
    assert [result["symbol"] for result in answer["symbols"]] == [f"{code}.SH" for code in SIX]
    assert answer["symbols"][-1]["error"]["message"] == {
        "zh": "数据源 nowhere 没有答复：没有联网",
        "en": "the data source nowhere did not answer: offline",
    }
    assert len(market.series()) == updated


def test_cancelling_is_heard_while_an_origin_hangs(origin: FakeOrigin, market: MarketData) -> None:
    origin.answer(KLINE, hang(6))
    told: list[str] = []

    def cancel_when_told_again(_fraction: float, stage: str) -> None:
        if stage == "names" and stage in told:
            raise KeyboardInterrupt
        told.append(stage)

    tell = Teller(cancel_when_told_again)
    source = AkshareSource(deadline_seconds=8, spacing_seconds=0, on_wait=tell.repeat)
    with pytest.raises(KeyboardInterrupt):
        update_from(market, source, ["600000"], start=None, end=None, progress=tell)
    assert told[:1] == ["calendar"]
    assert told[-1] == "names"


def test_nothing_named_and_nothing_stored_is_an_error(origin: FakeOrigin, market: MarketData) -> None:
    with pytest.raises(NothingToUpdate):
        update(market)


def test_an_unknown_source_is_refused_by_name(market: MarketData) -> None:
    with pytest.raises(SourceUnknown, match="tushare"):
        market.update(["600519.SH"], source="tushare")

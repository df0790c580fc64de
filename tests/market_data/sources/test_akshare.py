"""akshare through its real code and real TLS sockets against answers of the upstream's own layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from quantbox.market_data.models import BAR_SCHEMA
from quantbox.market_data.sources.akshare import AkshareSource
from quantbox.market_data.sources.base import SourceAnswerUnusable, SourceUnreachable
from tests.market_data.sources.fake_origin import (
    FakeOrigin,
    bse_list,
    hang,
    kline_answer,
    running_origin,
    sina_calendar,
    sse_list,
    szse_list,
)

KLINE = "push2his.eastmoney.com/api/qt/stock/kline/get"
INDEX_MAP = "80.push2.eastmoney.com/api/qt/clist/get"
# date,open,close,high,low,volume 手,amount 元,振幅,涨跌幅,涨跌额,换手率 in Eastmoney's order; the first line is a recorded one of 601872.
LINES = [
    "2024-12-18,6.11,6.18,6.28,6.10,842743,522829495.00,2.96,1.64,0.10,1.03",
    "2024-12-19,6.15,6.09,6.16,6.03,528781,322359220.00,2.10,-1.46,-0.09,0.65",
]


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrigin]:
    import akshare

    for cached in (akshare.stock_info_sh_name_code, akshare.stock_info_bj_name_code, akshare.stock_info_a_code_name):
        getattr(cached, "cache_clear", lambda: None)()
    with running_origin(tmp_path, monkeypatch) as running:
        yield running


@pytest.fixture
def source() -> AkshareSource:
    return AkshareSource(deadline_seconds=8, spacing_seconds=0, retry_pause_seconds=0.05)


def test_history_comes_in_shares_and_yuan(origin: FakeOrigin, source: AkshareSource) -> None:
    origin.answer(KLINE, kline_answer("601872", "招商轮船", LINES))
    bars = source.daily_bars("601872.SH", date(2024, 12, 1), date(2024, 12, 31))
    assert dict(bars.schema) == BAR_SCHEMA
    assert bars.select("symbol", "date", "open", "high", "low", "close", "volume", "amount").rows() == [
        ("601872.SH", date(2024, 12, 18), 6.11, 6.28, 6.10, 6.18, 84_274_300, 522_829_495.0),
        ("601872.SH", date(2024, 12, 19), 6.15, 6.16, 6.03, 6.09, 52_878_100, 322_359_220.0),
    ]
    assert bars["pre_close"].null_count() == 2


@pytest.mark.real_data
def test_recorded_history_of_601872_reads_ten_bars(origin: FakeOrigin, source: AkshareSource, real_data: Path) -> None:
    recorded = (real_data / "upstream" / "em_kline_601872.json").read_bytes()
    origin.answer(KLINE, recorded)
    bars = source.daily_bars("601872.SH", date(2024, 12, 1), date(2025, 12, 31))
    lines = [line.split(",") for line in json.loads(recorded)["data"]["klines"]]
    assert bars["date"].to_list() == [date.fromisoformat(line[0]) for line in lines]
    assert bars["close"].to_list() == [float(line[2]) for line in lines]
    assert bars["volume"].to_list() == [int(line[5]) * 100 for line in lines]


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["em_kline_null.json", "em_kline_empty.json"])
def test_recorded_null_and_empty_answers_are_an_empty_history(
    origin: FakeOrigin, source: AkshareSource, real_data: Path, name: str
) -> None:
    origin.answer(KLINE, (real_data / "upstream" / name).read_bytes())
    assert source.daily_bars("600000.SH", date(2024, 1, 1), date(2024, 12, 31)).is_empty()


@pytest.mark.parametrize("body", [b'{"rc":100,"rt":1,"data":null}', b'{"rc":0,"data":{"code":"600000","klines":[]}}'])
def test_null_and_empty_answers_are_an_empty_history(origin: FakeOrigin, source: AkshareSource, body: bytes) -> None:
    origin.answer(KLINE, body)
    assert source.daily_bars("600000.SH", date(2024, 1, 1), date(2024, 12, 31)).is_empty()


def test_index_history_is_asked_by_the_market_of_the_index_map(origin: FakeOrigin, source: AkshareSource) -> None:
    origin.answer(INDEX_MAP, json.dumps({"data": {"total": 1, "diff": [{"f3": 0.5, "f12": "000300", "f13": 1}]}}).encode())
    origin.answer(
        KLINE,
        kline_answer("000300", "沪深300", ["2024-12-18,3929.8,3941.9,3966.0,3920.0,130000000,200000000000.0,1.1,0.5,19.6,0.4"]),
    )
    bars = source.daily_bars("000300.SH", date(2024, 12, 1), date(2024, 12, 31))
    assert bars.select("symbol", "close", "volume").rows() == [("000300.SH", 3941.9, 13_000_000_000)]


def test_fund_history_keeps_three_decimals(origin: FakeOrigin, source: AkshareSource) -> None:
    origin.answer(
        KLINE, kline_answer("510300", "沪深300ETF", ["2024-12-18,4.001,4.012,4.035,3.990,10000000,4010000000.0,1.1,0.5,0.02,0.4"])
    )
    assert source.daily_bars("510300.SH", date(2024, 12, 1), date(2024, 12, 31))["close"].to_list() == [4.012]


def test_names_of_three_exchanges_keep_their_zeros(origin: FakeOrigin, source: AkshareSource) -> None:
    origin.answer(
        "query.sse.com.cn/sseQuery/commonQuery.do", sse_list({"1": [("600519", "贵州茅台")], "8": [("688001", "华兴源创")]})
    )
    shenzhen = [(f"{code:06}", "平安银行" if code == 1 else f"深圳{code}") for code in range(1, 13)]
    origin.answer("www.szse.cn/api/report/ShowReport", szse_list(shenzhen))
    origin.answer("www.bse.cn/nqxxController/nqxxCnzq.do", bse_list([("920002", "万达轴承")]))
    names = {instrument.symbol: instrument.name for instrument in source.names()}
    assert names["600519.SH"] == "贵州茅台"
    assert names["688001.SH"] == "华兴源创"
    assert names["000001.SZ"] == "平安银行"
    assert names["920002.BJ"] == "万达轴承"


def test_calendar_is_unpacked_from_sinas_encoding(origin: FakeOrigin, source: AkshareSource) -> None:
    # National Day 2024: closed 1 to 7 October; 30 September and 8 October open. 4 May 1992 is added by akshare itself.
    sessions = [date(2024, 9, 27), date(2024, 9, 30), date(2024, 10, 8), date(2024, 10, 9)]
    origin.answer("finance.sina.com.cn/realstock/company/klc_td_sh.txt", sina_calendar(sessions))
    assert source.sessions() == [date(1992, 5, 4), *sessions]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("2024-12-18,6.11,6.18,6.00,6.10,842743,522829495.00,2.96,1.64,0.10,1.03", "high below open"),
        ("2024-12-18,-6.11,6.18,6.28,6.10,842743,522829495.00,2.96,1.64,0.10,1.03", "negative price"),
        ("2024-12-18,-,6.18,6.28,6.10,842743,522829495.00,2.96,1.64,0.10,1.03", "text in a number"),
    ],
)
def test_impossible_bar_refuses_the_answer(origin: FakeOrigin, source: AkshareSource, line: str, what: str) -> None:
    origin.answer(KLINE, kline_answer("601872", "招商轮船", [line]))
    with pytest.raises(SourceAnswerUnusable):
        source.daily_bars("601872.SH", date(2024, 12, 1), date(2024, 12, 31))


def test_the_same_day_twice_refuses_the_answer(origin: FakeOrigin, source: AkshareSource) -> None:
    origin.answer(KLINE, kline_answer("601872", "招商轮船", [LINES[0], LINES[0]]))
    with pytest.raises(SourceAnswerUnusable, match="twice"):
        source.daily_bars("601872.SH", date(2024, 12, 1), date(2024, 12, 31))


@pytest.mark.parametrize("body", [b"<html>captcha</html>", b"", b'{"rc":0,"data":{"klines":["2024-12'])
def test_html_empty_and_cut_answers_are_an_error_after_three_tries(
    origin: FakeOrigin, source: AkshareSource, body: bytes
) -> None:
    origin.answer(KLINE, body)
    with pytest.raises((SourceUnreachable, SourceAnswerUnusable)):
        source.daily_bars("600000.SH", date(2024, 1, 1), date(2024, 12, 31))
    assert 1 <= origin.asked[KLINE] <= 3


def test_too_few_columns_are_an_error_not_a_guess(origin: FakeOrigin, source: AkshareSource) -> None:
    origin.answer(KLINE, kline_answer("600000", "浦发银行", ["2024-12-18,6.11,6.18,6.28"]))
    with pytest.raises(SourceAnswerUnusable):
        source.daily_bars("600000.SH", date(2024, 1, 1), date(2024, 12, 31))


def test_a_hanging_origin_is_given_up_at_the_deadline(origin: FakeOrigin) -> None:
    import time

    origin.answer(KLINE, hang(6))
    began = time.monotonic()
    with pytest.raises(SourceUnreachable):
        AkshareSource(deadline_seconds=1.5, spacing_seconds=0).daily_bars("600000.SH", date(2024, 1, 1), date(2024, 12, 31))
    assert time.monotonic() - began < 3  # the deadline promised, with room for a busy machine


def test_an_untrusted_certificate_is_refused(origin: FakeOrigin, source: AkshareSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    origin.answer(KLINE, kline_answer("601872", "招商轮船", LINES))
    with pytest.raises(SourceUnreachable, match=r"(?i)certificate"):
        source.daily_bars("601872.SH", date(2024, 12, 1), date(2024, 12, 31))
    assert origin.asked[KLINE] == 0

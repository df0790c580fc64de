"""Backtests from the request to the stored result, through real children, an encrypted database and a real bar store."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backtesting import store
from quantbox.backtesting.errors import (
    BacktestHasNoResult,
    BacktestNotFound,
    BacktestUnfinished,
    DisplaySeriesRefused,
    PeriodInvalid,
)
from quantbox.backtesting.models import BacktestRequest
from quantbox.backtesting.runs import ChildRun
from quantbox.backtesting.service import Backtesting
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SystemClock
from quantbox.core.database import open_engine, session_factory
from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import DataFolder
from quantbox.jobs.child import ChildLimits
from quantbox.jobs.models import Job, JobState
from quantbox.jobs.runner import JobContext, JobRunner
from quantbox.jobs.service import JobService
from quantbox.market_data.errors import NoBars, SymbolUnknown
from quantbox.market_data.models import Adjust
from quantbox.market_data.service import MarketData
from quantbox.vault.fields import FieldCipher
from tests.backtesting.made_by_hand import make_bars, make_request
from tests.empty_store import write_empty_database

STOCK, OTHER, ADJUSTED = "600000.SH", "000001.SZ", "600036.SH"
START, END = date(2024, 1, 2), date(2024, 3, 29)
CIPHER = FieldCipher(bytes(32))

#: Buys on the second bar, sells on the fourth; both fill at the next bar's open.
IN_AND_OUT = """
import backtrader as bt

class InAndOut(bt.Strategy):
    params = (("size", 1000),)

    def next(self):
        if len(self) == 2:
            self.buy(size=self.p.size)
        if len(self) == 4:
            self.close()
        print("bar", self.data.datetime.date(0))
"""

HOLD = """
import backtrader as bt

class Hold(bt.Strategy):
    def next(self):
        if not self.position:
            self.buy(size=100)
"""


def strategy(body: str) -> str:
    """A strategy whose next() is `body`, with its first line on line 6 of the file."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"import backtrader as bt\n\n\nclass Bad(bt.Strategy):\n    def next(self):\n{lines}"


@pytest.fixture(scope="module")
def stored_market(tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    """Three symbols over one quarter of real trading days; OTHER is missing on two days, one of them reported as suspended."""
    market = MarketData(DataFolder(tmp_path_factory.mktemp("market")), SystemClock())
    days = market.calendar.sessions(START, END)
    closes = [10 + ((7 * n) % 11) / 10 for n in range(len(days))]
    market.write_bars(make_bars(STOCK, closes, days), origin="csv", adjust=Adjust.NONE)
    gap = [day for n, day in enumerate(days) if n not in (10, 11)]
    suspended = pl.DataFrame({"symbol": [OTHER], "date": [days[10]]}, schema={"symbol": pl.String, "date": pl.Date})
    market.write_bars(
        make_bars(OTHER, [20.0] * len(gap), gap, pre_close=[20.0] * 30 + [21.0] + [20.0] * (len(gap) - 31)),
        origin="csv",
        adjust=Adjust.NONE,
        suspensions=suspended,
    )
    market.write_bars(
        make_bars(ADJUSTED, closes, days, pre_close=[None] * len(days)), origin="csv", adjust=Adjust.QFQ, display_only=True
    )
    return market


class House:
    """The services a worker has, with children that may use little."""

    def __init__(self, sessions: sessionmaker[Session], market: MarketData) -> None:
        self.woken: list[str] = []
        self.clock, self.bus = SystemClock(), LocalBus()
        self.jobs = JobService(sessions, self.clock, self.bus, self.woken.append)
        self.sessions, self.market = sessions, market
        self._done: dict[str, str] = {}
        self.backtesting = self.limited(ChildLimits(memory_bytes=2 << 30, wall_seconds=60))

    def limited(self, limits: ChildLimits) -> Backtesting:
        self.backtesting = Backtesting(self.sessions, self.clock, self.jobs, self.market, CIPHER, limits=limits)
        return self.backtesting

    def run(self, request: BacktestRequest) -> Job:
        return self.work(self.backtesting.submit(request, "owner").id)

    def work(self, job_id: str) -> Job:
        JobRunner(self.jobs, {"backtest": self.backtesting.run_job}, "test", self.clock, self.bus).run(job_id)
        return self.jobs.get(job_id, "owner")

    def succeed(self, request: BacktestRequest) -> str:
        job = self.run(request)
        assert job.state is JobState.SUCCEEDED, job.reason
        return job.id

    def once(self, request: BacktestRequest) -> str:
        """Run a request, or return the run it had before: a process for each test that only reads would take long."""
        if repr(request) not in self._done:
            self._done[repr(request)] = self.succeed(request)
        return self._done[repr(request)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, stored_market: MarketData) -> Iterator[House]:
    """A house whose runs are read by several tests, and changed by none."""
    folder = DataFolder(tmp_path_factory.mktemp("shared"))
    engine = open_engine(folder.database, write_empty_database(folder))
    yield House(session_factory(engine), stored_market)
    engine.dispose()


@pytest.fixture
def house(sessions: sessionmaker[Session], stored_market: MarketData) -> House:
    return House(sessions, stored_market)


def ask(source: str = IN_AND_OUT, **changes: Any) -> BacktestRequest:
    return make_request(**{"source": source, "start": START, "end": END, "cash": Decimal(100_000), **changes})


# --- submitting ------------------------------------------------------------------------------------------------------


def test_submitting_stores_the_request_with_its_job_and_wakes_a_worker(house: House) -> None:
    job = house.backtesting.submit(ask(symbols=("sh600000",), params={"size": "200"}), "owner")
    assert house.woken == [job.id]
    assert (job.kind, job.state, job.title) == ("backtest", JobState.QUEUED, "hand.py · 600000.SH")
    shown = house.backtesting.get(job.id, "owner")
    assert (shown["state"], shown["symbols"], shown["final_value"]) == ("queued", [STOCK], None)
    assert shown["request"]["params"] == {"size": "200"}
    assert "source" not in shown["request"]
    assert house.backtesting.get(job.id, "owner", with_source=True)["request"]["source"] == IN_AND_OUT


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"symbols": ("600999.SH",)}, SymbolUnknown),
        ({"benchmark": "000300.SH"}, SymbolUnknown),
        ({"start": date(2023, 1, 2), "end": date(2023, 12, 29)}, NoBars),
        ({"symbols": (ADJUSTED,)}, DisplaySeriesRefused),
        ({"start": END, "end": START}, PeriodInvalid),
    ],
)
def test_a_refused_request_leaves_neither_job_nor_row(house: House, changes: dict[str, Any], error: type[QuantBoxError]) -> None:
    with pytest.raises(error):
        house.backtesting.submit(ask(**changes), "owner")
    assert house.jobs.list_jobs("owner").items == []
    assert house.backtesting.list_backtests("owner").items == []


# --- results ---------------------------------------------------------------------------------------------------------


def test_result_agrees_with_hand_calculation_to_the_cent(shared: House) -> None:
    house, backtest_id = shared, shared.once(ask())
    document = house.backtesting.document(backtest_id, "owner")
    # bars are flat at their close, 10 + (7 n mod 11) / 10: the third is 10.3 (14 mod 11), the fifth 10.6 (28 mod 11)
    buy, sell = document["trades"]
    assert (buy["side"], buy["date"], buy["price"], buy["size"]) == ("buy", "2024-01-04", 10.3, 1000)
    assert (sell["side"], sell["date"], sell["price"], sell["size"]) == ("sell", "2024-01-08", 10.6, 1000)
    # 2.5 bps of 10300 is 2.58: the minimum of 5 holds; transfer fee 0.001 % of 10300 = 0.10; no stamp tax on buying
    assert (buy["commission"], buy["stamp_tax"], buy["transfer_fee"]) == (5.0, 0.0, 0.1)
    # since 2023-08-28 stamp tax is 0.05 % of 10600 = 5.30; transfer fee 0.11
    assert (sell["commission"], sell["stamp_tax"], sell["transfer_fee"]) == (5.0, 5.3, 0.11)
    expected = 100_000 - 10_300 - 5.1 + 10_600 - 10.41
    assert document["final_value"] == document["final_cash"] == pytest.approx(expected, abs=1e-9)
    assert document["equity"][-1] == {"date": "2024-03-29", "value": pytest.approx(expected, abs=1e-9)}
    assert [point["date"] for point in document["equity"]] == [
        day.isoformat() for day in house.market.calendar.sessions(START, END)
    ]
    assert document["statistics"]["total_return_pct"] == pytest.approx((expected / 100_000 - 1) * 100)
    (trip,) = house.backtesting.result(backtest_id, "owner").report["round_trips"]
    assert trip["profit"] == pytest.approx(expected - 100_000)
    assert document["rejected"] == []
    json.dumps(document, allow_nan=False)


def test_value_is_cash_plus_what_is_held_at_its_last_close(shared: House) -> None:
    house, document = shared, shared.backtesting.document(shared.once(ask(HOLD, symbols=(STOCK, OTHER))), "owner")
    (fill,) = document["trades"]
    last_close = house.market.bars(STOCK, START, END)["close"][-1]
    assert document["final_value"] == pytest.approx(document["final_cash"] + fill["size"] * last_close, abs=0.005)


def test_rules_off_gives_what_stock_backtrader_gives(house: House) -> None:
    import backtrader as bt
    import pandas as pd

    class Held(bt.Strategy):  # type: ignore[misc]
        def next(self) -> None:
            if not self.position:
                self.buy(size=100)

    bars = house.market.bars(STOCK, START, END)
    frame = pd.DataFrame({name: bars[name].to_list() for name in ("open", "high", "low", "close", "volume")})
    frame.index = pd.DatetimeIndex(bars["date"].to_list())
    cerebro = bt.Cerebro()
    cerebro.broker.setcash(100_000)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Held)
    cerebro.run()
    backtest_id = house.succeed(ask(HOLD, rules=False))
    document = house.backtesting.document(backtest_id, "owner")
    assert document["final_value"] == cerebro.broker.getvalue()
    assert {trade["commission"] for trade in document["trades"]} == {0.0}
    differences = house.backtesting.result(backtest_id, "owner").report["differences"]
    assert "rules_off" in {entry["code"] for entry in differences}


def test_a_run_without_a_trade_succeeds(house: House) -> None:
    document = house.backtesting.document(house.succeed(ask(strategy("pass"))), "owner")
    assert (document["status"], document["trades"], document["final_value"]) == ("succeeded", [], 100_000.0)
    assert document["statistics"]["sharpe"] is None


def test_a_position_held_over_an_ex_date_is_named_in_warnings_and_report(shared: House) -> None:
    house, backtest_id = shared, shared.once(ask(HOLD, symbols=(OTHER,)))
    document = house.backtesting.document(backtest_id, "owner", "en")
    held = [warning for warning in document["warnings"] if warning["code"] == "backtesting.ex_date_held"]
    # reference prices differ from the close before on the bar written with 21 and nowhere else
    bars = house.market.bars(OTHER, START, END)
    expected = bars.filter(pl.col("pre_close") == 21.0)["date"].to_list()
    assert [(warning["symbol"], warning["date"]) for warning in held] == [(OTHER, day.isoformat()) for day in expected]
    assert all(isinstance(warning["message"], str) for warning in document["warnings"])
    report = house.backtesting.result(backtest_id, "owner").report
    told = {entry["code"]: entry["count"] for entry in report["differences"]}
    assert told["ex_date_held"] == len(expected)


def test_a_missing_day_is_named_and_a_reported_suspension_is_not(shared: House) -> None:
    house, document = shared, shared.backtesting.document(shared.once(ask(HOLD, symbols=(OTHER,))), "owner")
    missing = [warning for warning in document["warnings"] if warning["code"] == "backtesting.days_missing"]
    eleventh = house.market.calendar.sessions(START, END)[11]
    assert [(warning["symbol"], warning["date"]) for warning in missing] == [(OTHER, eleventh.isoformat())]


def test_a_display_series_runs_with_rules_off_and_says_so(house: House) -> None:
    backtest_id = house.succeed(ask(HOLD, symbols=(ADJUSTED,), rules=False))
    differences = house.backtesting.result(backtest_id, "owner").report["differences"]
    assert {"adjusted_bars", "rules_off"} <= {entry["code"] for entry in differences}


def test_printed_lines_stay_with_the_result(shared: House) -> None:
    log = shared.backtesting.get(shared.once(ask()), "owner")["log"]
    assert log[0] == "bar 2024-01-02"
    assert log[-1] == "bar 2024-03-29"


def test_list_shows_figures_and_states_and_pages(house: House, shared: House) -> None:
    done = house.backtesting.submit(ask(), "owner").id
    lease = house.jobs.claim(done, "test")
    assert lease is not None
    with house.sessions.begin() as session:
        store.write_result(session, CIPHER, done, shared.backtesting.result(shared.once(ask()), "owner"))
    house.jobs.finish(lease, JobState.SUCCEEDED)
    waiting = house.backtesting.submit(ask(), "owner").id
    first = house.backtesting.list_backtests("owner", limit=1)
    rest = house.backtesting.list_backtests("owner", limit=1, cursor=first.next_cursor)
    assert [(row["id"], row["state"]) for row in [*first.items, *rest.items]] == [(waiting, "queued"), (done, "succeeded")]
    assert rest.next_cursor is None
    assert rest.items[0]["final_value"] == house.backtesting.document(done, "owner")["final_value"]
    assert house.backtesting.list_backtests("somebody").items == []


# --- running again ---------------------------------------------------------------------------------------------------


def test_running_again_gives_the_same_document_to_the_cent(shared: House) -> None:
    house, first = shared, shared.once(ask(HOLD, symbols=(STOCK, OTHER)))
    job = house.work(house.backtesting.rerun(first, "owner").id)
    assert job.state is JobState.SUCCEEDED
    assert house.backtesting.document(job.id, "owner") == house.backtesting.document(first, "owner")
    comparison = house.backtesting.get(job.id, "owner")["comparison"]
    assert comparison == {"compare_with": first, "same": True, "first_difference": None, "changed": []}
    assert house.backtesting.get(first, "owner")["comparison"] is None


def test_running_again_on_changed_bars_says_what_changed(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    market = MarketData(DataFolder(tmp_path / "market_of_its_own"), SystemClock())
    days = market.calendar.sessions(START, date(2024, 1, 31))
    bars = make_bars(STOCK, [10.0] * len(days), days)
    market.write_bars(bars, origin="csv", adjust=Adjust.NONE)
    house = House(sessions, market)
    first = house.succeed(ask())
    changed = make_bars(STOCK, [10.0, 10.0, 10.0, 10.1, *[10.0] * (len(days) - 4)], days, pre_close=bars["pre_close"].to_list())
    market.write_bars(changed, origin="csv", adjust=Adjust.NONE)
    job = house.work(house.backtesting.rerun(first, "owner").id)
    comparison = house.backtesting.compare_rerun(first, job.id, "owner")
    assert comparison == {"same": False, "first_difference": days[3].isoformat(), "changed": ["data"]}


# --- bad ends --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "code", "facts"),
    [
        ("import backtrader as bt\nclass A(bt.Strategy:\n    pass\n", "backtesting.syntax_error", {"file": "hand.py", "line": 2}),
        (
            strategy("if len(self) == 3:\n    raise ValueError('broken')"),
            "backtesting.strategy_error",
            {"file": "hand.py", "line": 7, "bar_date": "2024-01-04"},
        ),
        (strategy("import os\nos._exit(0)"), "jobs.child_died", {"file": "hand.py"}),
        (strategy("raise ValueError('\\ud800')"), "backtesting.strategy_error", {"line": 6}),
    ],
)
def test_a_faulty_strategy_fails_with_its_place(
    house: House, caplog: pytest.LogCaptureFixture, source: str, code: str, facts: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    job = house.run(ask(source))
    assert "broken" not in caplog.text
    assert job.state is JobState.FAILED
    assert job.reason is not None
    assert job.reason.code == code
    assert {key: job.reason.facts.get(key) for key in facts} == facts
    assert all(job.reason.message.values())
    with pytest.raises(BacktestHasNoResult):
        house.backtesting.result(job.id, "owner")


def test_an_endless_loop_times_out_and_keeps_what_was_printed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # the clock of the limits jumps once the loop was seen: a real one would have to wait for the slowest machine's start
    late, hear = [0.0], ChildRun._hear

    def jump(run: ChildRun, frame: dict[str, Any]) -> bool:
        heard = hear(run, frame)
        late[0] = 3600.0 * (run._position.get("line", 0) >= loop and len(run.log) == 3)
        return heard

    monkeypatch.setattr(ChildRun, "_hear", jump)
    monkeypatch.setattr("quantbox.jobs.child.time", SimpleNamespace(monotonic=lambda: time.monotonic() + late[0]))
    house.limited(ChildLimits(memory_bytes=2 << 30, wall_seconds=600))
    source = strategy("print('round', len(self))\nwhile len(self) == 3:\n    pass")
    loop = next(number for number, text in enumerate(source.splitlines(), 1) if "while" in text)
    job = house.run(ask(source))
    assert job.state is JobState.TIMED_OUT
    assert job.reason is not None
    assert (job.reason.code, job.reason.facts["file"]) == ("jobs.timed_out", "hand.py")
    assert job.reason.facts["line"] in {loop, loop + 1}
    assert job.reason.facts["bar_date"] == "2024-01-04"
    assert "600" in job.reason.message["zh"]
    assert house.backtesting.get(job.id, "owner")["log"] == ["round 1", "round 2", "round 3"]


def test_a_memory_bomb_fails_as_out_of_memory(house: House) -> None:
    house.limited(ChildLimits(memory_bytes=1 << 30, wall_seconds=60))
    job = house.run(ask(strategy("self.kept = [b'x' * (64 << 20) for _ in range(100)]")))
    assert (job.state, job.reason and job.reason.code) == (JobState.FAILED, "jobs.out_of_memory")


def test_cancelling_stops_a_running_strategy(house: House) -> None:
    job = house.backtesting.submit(ask(strategy("while True:\n    pass")), "owner")
    worker = threading.Thread(target=house.work, args=(job.id,))
    worker.start()
    deadline = time.monotonic() + 30
    while house.jobs.get(job.id, "owner").stage != "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    house.jobs.cancel(job.id, "owner")
    worker.join(30)
    ended = house.jobs.get(job.id, "owner")
    assert (ended.state, ended.reason) == (JobState.CANCELLED, None)


def test_progress_reaches_the_bus_on_the_way(house: House) -> None:
    seen: list[float] = []
    house.bus.subscribe("jobs.", lambda _topic, news: seen.append(news["job"]["progress"]))
    house.run(ask(strategy("import time\ntime.sleep(0.15 * (len(self) < 4))")))
    assert seen == sorted(seen)
    assert any(0 < fraction < 1 for fraction in seen)


def test_an_attempt_that_lost_its_job_leaves_nothing_and_the_next_one_succeeds(house: House) -> None:
    job = house.backtesting.submit(ask(), "owner")

    def lose_the_job_at_the_end(context: JobContext) -> None:
        finish = context.finish

        def finish_too_late(*args: Any, **kwargs: Any) -> Job:
            house.jobs.recover_lost(older_than_seconds=-3600)  # as if the worker had been silent for long
            return finish(*args, **kwargs)

        context.finish = finish_too_late  # type: ignore[method-assign]
        house.backtesting.run_job(context)

    JobRunner(house.jobs, {"backtest": lose_the_job_at_the_end}, "lost", house.clock, house.bus).run(job.id)
    shown = house.backtesting.get(job.id, "owner")
    assert (shown["state"], shown["final_value"], shown["log"]) == ("requeued", None, [])
    assert house.work(job.id).state is JobState.SUCCEEDED


# --- keeping and letting go ------------------------------------------------------------------------------------------


def test_deleting_needs_an_end_and_leaves_nothing(house: House) -> None:
    job = house.backtesting.submit(ask(), "owner")
    with pytest.raises(BacktestUnfinished):
        house.backtesting.delete(job.id, "owner")
    house.jobs.cancel(job.id, "owner")
    house.backtesting.delete(job.id, "owner")
    for look in (house.backtesting.get, house.backtesting.result, house.backtesting.rerun, house.backtesting.delete):
        with pytest.raises(BacktestNotFound):
            look(job.id, "owner")
    assert house.backtesting.list_backtests("owner").items == []


def test_another_account_finds_nothing(house: House) -> None:
    job = house.backtesting.submit(ask(), "owner")
    for look in (house.backtesting.get, house.backtesting.request, house.backtesting.result, house.backtesting.delete):
        with pytest.raises(BacktestNotFound):
            look(job.id, "somebody")


def test_neither_strategy_nor_result_reaches_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "my_private_edge_42"
    house.run(ask(f"# {secret}\n{IN_AND_OUT}"))
    assert secret not in caplog.text
    assert "10.3" not in caplog.text


# --- a real file -----------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_real_bars_of_moutai_give_its_published_ex_dates_and_total_return(
    sessions: sessionmaker[Session], real_data: Path, tmp_path: Path
) -> None:
    market = MarketData(DataFolder(tmp_path / "market_of_its_own"), SystemClock())
    file = real_data / "baostock_csi300_raw" / "sh.600519.csv"
    market.import_files([file])
    house = House(sessions, market)
    source = HOLD.replace("if not self.position", "if len(self) == 1")
    backtest_id = house.succeed(
        ask(source, symbols=("600519",), start=date(2020, 1, 2), end=date(2024, 12, 31), cash=Decimal(1_000_000))
    )
    document = house.backtesting.document(backtest_id, "owner")
    # 贵州茅台 announced these ex-dates: a dividend each June, special or interim ones in December 2022, 2023 and 2024
    announced = [
        "2020-06-24", "2021-06-25", "2022-06-30", "2022-12-27", "2023-06-30", "2023-12-20", "2024-06-19", "2024-12-20",
    ]  # fmt: skip
    assert [w["date"] for w in document["warnings"] if w["code"] == "backtesting.ex_date_held"] == announced
    # baostock's own pctChg of each day after the first, dividends included, compounds to the benchmark
    rows = pl.read_csv(file, infer_schema=False).filter(pl.col("date").is_between(pl.lit("2020-01-03"), pl.lit("2024-12-31")))
    growth = (rows["pctChg"].cast(pl.Float64) / 100 + 1).product()
    assert document["statistics"]["benchmark_return_pct"] == pytest.approx((growth - 1) * 100, rel=1e-4)
    # bought at the open of the second day, valued unadjusted at the last close
    (fill,) = document["trades"]
    first_open = Decimal(rows["open"][0])
    assert (fill["date"], Decimal(str(fill["price"]))) == ("2020-01-03", first_open)
    cost = 100 * first_open * (1 + Decimal("0.00025") + Decimal("0.00002"))  # transfer fee 0.002 % until 2022-04-28
    assert document["final_value"] == pytest.approx(float(1_000_000 - cost + 100 * Decimal(rows["close"][-1])), abs=0.02)


def test_a_file_like_the_real_one_gives_its_ex_date_and_total_return(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    # 10.00 → 10.50, then 0.30 of dividend: reference 10.20, close 10.71 (+5 %), then 10.71; baostock's columns, shuffled
    rows = [
        ("2024-01-08", "10.0000", "9.9000", "1.010101"),
        ("2024-01-09", "10.5000", "10.0000", "5.000000"),
        ("2024-01-10", "10.7100", "10.2000", "5.000000"),
        ("2024-01-11", "10.7100", "10.7100", "0.000000"),
    ]
    lines = ["volume,code,high,adjustflag,tradestatus,preclose,pctChg,open,close,isST,low,date,amount"]
    for day, close, preclose, change in rows:
        amount = f"{float(close) * 1_000_000:.4f}"
        lines.append(f"1000000,sh.600519,{close},3,1,{preclose},{change},{close},{close},0,{close},{day},{amount}")
    file = tmp_path / "sh.600519.csv"
    file.write_bytes(("\n".join(lines) + "\n").encode())
    market = MarketData(DataFolder(tmp_path / "market_of_its_own"), SystemClock())
    market.import_files([file])
    house = House(sessions, market)
    source = HOLD.replace("if not self.position", "if len(self) == 1")
    document = house.backtesting.document(
        house.succeed(ask(source, symbols=("600519",), start=date(2024, 1, 1), end=date(2024, 1, 31))), "owner"
    )
    assert [w["date"] for w in document["warnings"] if w["code"] == "backtesting.ex_date_held"] == ["2024-01-10"]
    assert document["statistics"]["benchmark_return_pct"] == pytest.approx((1.05 * 1.05 - 1) * 100)
    # 100 bought at 10.50 on the second day: minimum commission 5.00, transfer fee 0.001 % of 1050 = 0.01
    assert document["final_value"] == pytest.approx(100_000 - 1_050 - 5.01 + 1_071, abs=0.001)

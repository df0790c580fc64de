"""The store of market data through HTTP: uploads, their jobs and documents, series, sources, the calendar."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from quantbox.core.clock import FixedClock
from quantbox.jobs.models import JobState
from quantbox.market_data.sources.akshare import AkshareSource
from tests.web.program import Browser, Program, browser, new_program, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]

#: As akshare's stock_zh_a_hist writes it: volume in lots of 100 shares; 1720 yuan x 2,000,000 shares = 3.44e9 yuan.
AKSHARE_CSV = """日期,股票代码,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率
2024-01-02,600519,1715.00,1685.01,1718.19,1678.10,32156,5440082500.00,2.32,-2.37,-40.99,0.26
2024-01-03,600519,1681.11,1694.00,1695.22,1676.33,20227,3411400700.00,1.12,0.53,8.99,0.16
"""


def upload(browser: Browser, files: list[tuple[str, bytes]], **fields: str) -> Any:
    data: dict[str, Any] = {**fields, "files": [(io.BytesIO(content), name) for name, content in files]}
    return browser.post("/data/imports", data=data, content_type="multipart/form-data", buffered=True)


def run_jobs(program: Program) -> None:
    """Do what the worker does."""
    while program.woken:
        program.open_services.job_runner.run(program.woken.pop(0))


def spooled(program: Program) -> list[Path]:
    return [path for path in program.folder.spool.rglob("*") if path.is_file()]


def test_an_uploaded_file_is_imported_by_its_job_and_leaves_nothing_behind(browser: Browser, program: Program) -> None:
    answer = upload(browser, [("贵州茅台.csv", AKSHARE_CSV.encode())])
    assert answer.status_code == 202, answer.get_data(as_text=True)
    job = answer.get_json()
    assert (job["kind"], job["state"], job["title"]) == ("data_import", "queued", "贵州茅台.csv")
    assert [path.name for path in spooled(program)] == ["贵州茅台.csv"]
    early = browser.get(f"/api/v1/data/imports/{job['id']}")
    assert (early.status_code, early.get_json()["code"]) == (409, "market_data.answer_not_ready")
    run_jobs(program)
    assert browser.api(f"/jobs/{job['id']}")["state"] == "succeeded"
    (file,) = browser.api(f"/data/imports/{job['id']}")["files"]
    assert (file["path"], file["symbols"], file["rows"]) == ("贵州茅台.csv", ["600519.SH"], 2)
    assert (file["first"], file["last"], file["refused"]) == ("2024-01-02", "2024-01-03", None)
    assert spooled(program) == []
    bars = browser.api("/market/bars/600519.SH")["bars"]
    assert [bar[:5] for bar in bars] == [
        ["2024-01-02", 1715.0, 1718.19, 1678.1, 1685.01],
        ["2024-01-03", 1681.11, 1695.22, 1676.33, 1694.0],
    ]
    assert [bar[5] for bar in bars] == [3215600, 2022700]


def test_a_refused_file_fails_the_job_with_the_reason_and_the_document(browser: Browser, program: Program) -> None:
    job = upload(browser, [("notes.txt", b"buy low, sell high")]).get_json()
    run_jobs(program)
    ended = browser.api(f"/jobs/{job['id']}")
    assert (ended["state"], ended["reason"]["code"]) == ("failed", "market_data.files_refused")
    (file,) = browser.api(f"/data/imports/{job['id']}")["files"]
    assert file["refused"]
    assert spooled(program) == []


def test_one_refused_file_does_not_stop_the_others(browser: Browser, program: Program) -> None:
    job = upload(browser, [("notes.txt", b"buy low"), ("a.csv", AKSHARE_CSV.encode())]).get_json()
    assert job["title"] == "notes.txt +1"
    run_jobs(program)
    assert browser.api(f"/jobs/{job['id']}")["state"] == "succeeded"
    files = browser.api(f"/data/imports/{job['id']}")["files"]
    assert [(file["path"], bool(file["refused"])) for file in files] == [("notes.txt", True), ("a.csv", False)]


def test_two_files_of_one_name_are_both_imported(browser: Browser, program: Program) -> None:
    other = AKSHARE_CSV.replace("600519", "600520")
    job = upload(browser, [("x.csv", AKSHARE_CSV.encode()), ("x.csv", other.encode())]).get_json()
    run_jobs(program)
    symbols = [file["symbols"] for file in browser.api(f"/data/imports/{job['id']}")["files"]]
    assert symbols == [["600519.SH"], ["600520.SH"]]


def test_bad_rows_are_listed_in_the_quarantine_page_by_page(browser: Browser, program: Program) -> None:
    bad = "".join(f"2024-01-{day:02d},600519,10,11,5,12,1,1000,0,0,0,0\n" for day in (4, 5, 8))  # high 5 below low 12
    upload(browser, [("bad.csv", (AKSHARE_CSV + bad).encode())])
    run_jobs(program)
    lines, cursor = [], None
    for _ in range(5):
        page = browser.api("/data/quarantine", limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 2
        lines += [(row["path"], row["line"]) for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert lines == [("bad.csv", 4), ("bad.csv", 5), ("bad.csv", 6)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"symbol": "nonsense"}, "market_data.symbol_invalid"),
        ({"adjust": "half"}, "web.request_invalid"),
        ({"x": "y"}, "web.request_invalid"),
    ],
)
def test_a_wrong_declaration_is_refused_and_the_upload_thrown_away(
    browser: Browser, program: Program, clock: FixedClock, fields: dict[str, str], code: str
) -> None:
    answer = upload(browser, [("a.csv", AKSHARE_CSV.encode())], **fields)
    assert (answer.status_code, answer.get_json()["code"]) == (400, code)
    assert spooled(program) == []


def test_an_upload_without_a_file_is_refused(browser: Browser) -> None:
    answer = upload(browser, [], symbol="600519")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "market_data.nothing_uploaded")


def test_another_accounts_import_is_not_found(browser: Browser, program: Program) -> None:
    services = program.open_services
    folder = services.data_requests.new_spool_folder()
    (folder / "a.csv").write_text(AKSHARE_CSV, encoding="utf-8")
    from quantbox.market_data.requests import SpooledFile

    file = SpooledFile("a.csv", folder / "a.csv")
    job = services.data_requests.submit_import([file], symbol=None, adjust=None, account_id="somebody else")
    assert browser.get(f"/api/v1/data/imports/{job.id}").get_json()["code"] == "market_data.request_not_found"
    assert browser.get(f"/api/v1/jobs/{job.id}").status_code == 404


def test_an_upload_whose_job_never_came_is_thrown_away_after_an_hour(program: Program, clock: FixedClock) -> None:
    import os

    requests = program.open_services.data_requests
    kept, abandoned = requests.new_spool_folder(), requests.new_spool_folder()
    for folder, age_seconds in ((kept, 60), (abandoned, 3700)):
        (folder / "a.csv").write_text(AKSHARE_CSV, encoding="utf-8")
        then = clock.now().timestamp() - age_seconds
        os.utime(folder, (then, then))
    requests.new_spool_folder()
    assert kept.exists()
    assert not abandoned.exists()


def test_the_demo_market_is_loaded_listed_and_labelled(browser: Browser) -> None:
    answer = browser.post("/data/demo")
    assert answer.status_code == 202
    loaded = answer.get_json()
    assert loaded["symbols"] == 30
    assert loaded["bars"] > 60_000
    assert browser.api(f"/market/instruments/{loaded['sample_symbol']}")["is_demo"] is True
    items, cursor = [], None
    while True:
        page = browser.api("/data/series", limit=20, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len({item["symbol"] for item in items}) == len(items) == 30
    assert all(item["is_demo"] and item["name"] for item in items)
    assert {one["name"]: one["state"] for one in browser.api("/data/sources")} == {
        "akshare": "unused",
        "files": "unused",
        "demo": "ready",
    }
    symbol = items[0]["symbol"]
    removed = browser.send("DELETE", f"/data/series/{symbol}?frequency=1d").get_json()
    assert removed == {"symbol": symbol, "rows": items[0]["rows"]}
    assert browser.get(f"/api/v1/market/bars/{symbol}").get_json()["code"] == "market_data.symbol_unknown"


def test_an_update_is_a_job_with_its_own_arguments(browser: Browser, program: Program) -> None:
    job = browser.post("/data/updates", {"symbols": ["600519", "sz000001"], "start": "2024-01-02"}).get_json()
    assert (job["kind"], job["title"]) == ("data_update", "600519.SH 000001.SZ")
    assert browser.get(f"/api/v1/data/imports/{job['id']}").status_code == 404
    assert browser.get(f"/api/v1/data/updates/{job['id']}").get_json()["code"] == "market_data.answer_not_ready"
    wrong = browser.post("/data/updates", {"symbols": ["nonsense"]})
    assert wrong.get_json()["code"] == "market_data.symbol_invalid"


def test_updating_all_of_an_empty_store_fails_with_what_to_do(browser: Browser, program: Program) -> None:
    job = browser.post("/data/updates", {"symbols": "all"}).get_json()
    run_jobs(program)
    ended = browser.api(f"/jobs/{job['id']}")
    assert (ended["state"], ended["reason"]["code"]) == (JobState.FAILED, "market_data.nothing_to_update")


def test_an_update_that_brings_nothing_has_failed_and_still_says_why_of_each_symbol(
    browser: Browser, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody listens on the discard port
    impatient = {"deadline_seconds": 1.0, "retry_pause_seconds": 0.01}
    monkeypatch.setattr(AkshareSource.__init__, "__kwdefaults__", {**AkshareSource.__init__.__kwdefaults__, **impatient})
    job = browser.post("/data/updates", {"symbols": ["600519"], "start": "2024-01-02"}).get_json()
    run_jobs(program)
    ended = browser.api(f"/jobs/{job['id']}")
    assert (ended["state"], ended["reason"]["code"]) == (JobState.FAILED, "market_data.nothing_updated")
    assert ended["reason"]["message"]["zh"].startswith("1 个标的都未能更新：数据源 eastmoney 没有答复")
    (symbol,) = browser.api(f"/data/updates/{job['id']}")["symbols"]
    assert (symbol["symbol"], symbol["error"]["code"]) == ("600519.SH", "market_data.source_unreachable")
    (online,) = [source for source in browser.api("/data/sources") if source["name"] == "akshare"]
    assert online["state"] == "failing"


def test_the_calendar_tells_of_today(browser: Browser) -> None:
    # Friday 2026-11-20 is a session, the next one Monday 2026-11-23; exchange_calendars 4.13 ends on 2026-12-31
    assert browser.api("/data/calendar") == {
        "today": "2026-11-20",
        "is_session": True,
        "next_session": "2026-11-23",
        "end": "2026-12-31",
        "days_left": (date(2026, 12, 31) - date(2026, 11, 20)).days,
    }

"""The main job as a new owner does it by hand: from the first page to a report worth trusting, and out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.baostock_file import write_baostock
from tests.e2e.browser import Watch, context_of, settle
from tests.e2e.demo_program import (
    FAILING,
    SAMPLE,
    SYMBOL,
    enter_passphrase,
    enter_password,
    finished,
    request_of,
    sign_in,
    wait_for_form,
)
from tests.e2e.wizard import put_off_kit_and_factor, set_passphrase, set_password
from tests.program import Client, Store, serving

pytestmark = pytest.mark.browser

SLOW = "import time\n\nimport backtrader as bt\n\n\nclass Slow(bt.Strategy):\n    def next(self):\n        time.sleep(0.03)\n"
#: One number for the picture of each of a chart's canvases; 0 where nothing is painted.
PAINTED = """(box) => [...box.querySelectorAll('canvas')].map((canvas) => {
  if (!canvas.width || !canvas.height) return 0;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const points = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let at = 3; at < points.length; at += 4) if (points[at]) sum = (sum * 31 + points[at - 1] + at) % 1000000007;
  return sum;
})"""


@dataclass
class Fresh:
    """A program whose owner has just been through the wizard, what was wrong on the way, and his browser's cookies."""

    client: Client
    faults: list[str]
    cookies: list[Any]

    def enter(self) -> None:
        """Sign the client in, where it is not."""
        if self.client.call("GET", "/api/v1/status")[1]["state"] != "signed_in":
            self.client.sign_in()


@pytest.fixture(scope="module")
def fresh(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    with serving(Store(tmp_path_factory.mktemp("fresh"))) as (_supervisor, client):
        with context_of(chromium, client.url) as (page, watch):
            walk_through_the_wizard(page, watch)
            walked = Fresh(client, watch.take(), page.context.cookies())
        yield walked


def walk_through_the_wizard(page: Page, watch: Watch) -> None:
    """Go from an empty folder to the first report by hand, putting off what can be put off."""
    page.goto("/")
    page.wait_for_url("**/welcome")
    settle(page, watch)
    expect(page.get_by_role("button", name="选择备份文件")).to_be_visible()
    page.get_by_role("button", name="新建：设置口令").click()
    set_passphrase(page)
    set_password(page)
    put_off_kit_and_factor(page)
    expect(page.get_by_role("radio", name="模拟市场")).to_be_checked()
    page.get_by_role("button", name="运行示例回测").click()
    page.wait_for_url("**/backtests/*")
    expect(page.get_by_role("tab", name="概览")).to_be_visible(timeout=60_000)
    settle(page, watch)


@pytest.fixture
def desk(chromium: Browser, fresh: Fresh) -> Iterator[tuple[Page, Watch]]:
    """A browser signed in by hand, in this test or in one before."""
    fresh.enter()
    with context_of(chromium, fresh.client.url) as (page, watch):
        page.context.add_cookies(fresh.cookies)
        if not page.request.get("/api/v1/overview").ok:
            sign_in(page)
            fresh.cookies = page.context.cookies()
        yield page, watch
        assert watch.take() == []


def painted(chart: Locator) -> list[int]:
    marks: list[int] = chart.evaluate(PAINTED)
    return marks


def expect_new_picture(page: Page, chart: Locator, before: list[int]) -> list[int]:
    for _turn in range(60):
        if (now := painted(chart)) != before and any(now):
            return now
        page.wait_for_timeout(50)
    raise AssertionError("the chart shows the same as before")


def read(page: Page, path: str) -> Any:
    """Ask the API as the page itself would."""
    answer = page.request.get(f"/api/v1{path}")
    assert answer.ok, answer.text()
    return answer.json()


# --- the first run ---------------------------------------------------------------------------------------------------


def test_a_newcomer_gets_from_an_empty_folder_to_the_first_report(desk: tuple[Page, Watch], fresh: Fresh) -> None:
    page, _watch = desk
    assert fresh.faults == []
    page.goto("/")
    row = read(page, "/overview")["latest_backtests"][0]
    expect(page.locator(".hero-value")).to_have_text(f"{float(row['final_value']):,.2f}")
    expect(page.get_by_text("模拟数据").first).to_be_visible()
    expect(page.get_by_text("还没有恢复包")).to_be_visible()  # what was put off is not forgotten
    page.goto("/welcome")  # a second visit asks for no second pass phrase, and goes on where it was left
    expect(page.get_by_role("heading", name="备一份恢复包")).to_be_visible()


def test_locking_the_vault_shows_the_unlock_page_and_only_the_pass_phrase_opens_again(
    desk: tuple[Page, Watch], chromium: Browser, fresh: Fresh
) -> None:
    page, watch = desk
    page.goto("/settings/vault")
    settle(page, watch)
    with context_of(chromium, fresh.client.url) as (other, other_watch):
        sign_in(other)
        settle(other, other_watch)
        page.get_by_role("button", name="锁定保险箱").click()
        page.get_by_role("dialog", name="现在锁定数据保险箱？").get_by_role("button", name="锁定").click()
        page.wait_for_url("**/unlock")
        other.wait_for_url(re.compile(r"/unlock\?next="))  # every browser is led there without a touch
    answer = page.request.get("/api/v1/overview")
    assert (answer.status, answer.json()["code"]) == (403, "vault.locked")
    page.goto("/market")
    page.wait_for_url(re.compile(r"/unlock\?next=.*market"))

    wait_for_form(page)
    page.get_by_label("口令", exact=True).fill("not the pass phrase of this store")
    page.get_by_role("button", name="打开", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("口令不正确")
    assert [fault for fault in watch.take() if "/vault/unlock" not in fault] == []  # the browser tells of the refusal too

    enter_passphrase(page)
    page.wait_for_url(re.compile(r"/sign-in\?next=.*market"))  # opening the data signs nobody in
    enter_password(page)
    page.wait_for_url(lambda url: urlsplit(url).path == "/market")  # where the reader wanted to go
    settle(page, watch)


# --- the market ------------------------------------------------------------------------------------------------------


def test_the_list_is_searched_by_code_name_and_pinyin(desk: tuple[Page, Watch]) -> None:
    page, _watch = desk
    page.goto("/market")
    rows = page.get_by_role("listbox", name="标的列表").get_by_role("option")
    for text in ("009146", "南溪", "nxdq"):
        entry = page.get_by_role("searchbox", name="筛选代码、名称、拼音")
        entry.fill("松果")
        expect(rows).to_contain_text(["松果传媒"])
        entry.fill(text)
        expect(rows).to_contain_text(["南溪电气"])
        expect(rows).to_have_count(1)
    rows.first.click()
    page.wait_for_url("**/market/009146.SZ")
    expect(page.locator(".quote .who")).to_contain_text("南溪电气")


def test_the_k_line_is_painted_and_follows_period_adjustment_and_indicator(desk: tuple[Page, Watch]) -> None:
    page, watch = desk
    page.goto(f"/market/{SYMBOL}")
    settle(page, watch)
    chart = page.locator(".chart")
    shown = expect_new_picture(page, chart, [])
    last = read(page, f"/market/bars/{SYMBOL}?frequency=1d")["bars"][-1]
    expect(page.locator(".quote .last")).to_have_text(f"{last[4]:.2f}")
    for name in ("周", "月", "日"):
        page.get_by_role("button", name=name, exact=True).click()
        shown = expect_new_picture(page, chart, shown)
    for name in ("后复权", "前复权", "不复权"):
        button = page.get_by_role("button", name=name)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        shown = expect_new_picture(page, chart, shown)
    panes = len(shown)
    page.get_by_role("button", name="指标 3").click()
    page.get_by_role("checkbox", name="RSI").check()
    expect(page.get_by_role("button", name="指标 4")).to_be_visible()
    assert len(expect_new_picture(page, chart, shown)) > panes


# --- files -----------------------------------------------------------------------------------------------------------


def pick_files(page: Page, *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator(".page-head label", has_text="选择文件").click()
    chooser.value.set_files(list(paths))


def sessions(fresh: Fresh, start: str, end: str) -> list[str]:
    """Return days on which the demo index, which is never suspended, has a bar."""
    answer = fresh.client.call("GET", f"/api/v1/market/bars/899300.BJ?start={start}&end={end}")[1]
    return [bar[0] for bar in answer["bars"]]


def test_a_refused_file_and_a_row_set_aside_say_why(desk: tuple[Page, Watch], fresh: Fresh, tmp_path: Path) -> None:
    page, watch = desk
    days = sessions(fresh, "2026-01-01", "2026-03-31")
    good = write_baostock(tmp_path / "good.csv", "sh.600007", days)
    odd = write_baostock(tmp_path / "odd.csv", "sh.600008", days)
    lines = odd.read_text(encoding="utf-8").splitlines(keepends=True)
    fields = lines[5].split(",")
    fields[3], fields[4] = fields[4], fields[3]  # high and low of the fifth day (line 6) exchanged
    odd.write_text("".join([*lines[:5], ",".join(fields), *lines[6:]]), encoding="utf-8")
    wrong = tmp_path / "sh600009.csv"
    wrong.write_text("no,bars,here\n1,2,3\n", encoding="utf-8")

    page.goto("/data")
    settle(page, watch)
    pick_files(page, good, odd, wrong)
    expect(page.get_by_text("已导入 2 个，1 个被拒")).to_be_visible()
    outcomes = page.locator(".outcome")
    expect(outcomes).to_have_count(3)
    expect(outcomes.nth(0)).to_contain_text(
        re.compile(rf"good\.csv.*baostock.*600007\.SH · {len(days)} 根 · {days[0]} – {days[-1]}", re.DOTALL)
    )
    outcomes.nth(1).get_by_text("1 行被隔离").click()
    expect(outcomes.nth(1)).to_contain_text("第 6 行")
    expect(outcomes.nth(2)).to_contain_text("sh600009.csv")
    expect(outcomes.nth(2).locator("p.stop")).to_have_text("内容不是可识别的 K 线数据")
    page.get_by_role("tab", name="隔离的行").click()
    row = page.get_by_role("tabpanel").get_by_role("row").filter(has_text="odd.csv")
    expect(row).to_contain_text("6")
    expect(page.locator(".tabulator-row").filter(has_text="600007.SH")).to_have_count(1)


@pytest.fixture(params=["built", pytest.param("real", marks=[pytest.mark.real_data, pytest.mark.long])])
def bars_file(request: pytest.FixtureRequest, fresh: Fresh, tmp_path: Path) -> tuple[Path, str]:
    """A baostock file and its symbol: one built for the test, and a real one."""
    if request.param == "real":
        folder: Path = request.getfixturevalue("real_data")
        return folder / "baostock_csi300_raw" / "sh.600519.csv", "600519.SH"
    fresh.enter()
    return write_baostock(tmp_path / "built.csv", "sh.601127", sessions(fresh, "2024-01-01", "2025-12-31")), "601127.SH"


def percent(value: float) -> str:
    return f"{value:+.2f}%".replace("-", "\u2212")


def test_import_and_backtest_show_the_same_final_value_here_and_on_the_command_line(
    desk: tuple[Page, Watch], bars_file: tuple[Path, str], tmp_path: Path
) -> None:
    page, watch = desk
    path, symbol = bars_file
    page.goto("/data")
    settle(page, watch)
    pick_files(page, path)
    expect(page.get_by_text("已导入 1 个文件")).to_be_visible()

    page.goto("/backtests/new")
    settle(page, watch)
    page.get_by_role("button", name="移除").click()
    page.get_by_role("button", name="均线交叉").click()
    page.get_by_role("combobox", name="标的").fill(symbol[:6])
    page.get_by_role("option").filter(has_text=symbol).click()
    settle(page, watch)  # the dates follow what is stored of it
    page.get_by_label("初始资金").fill("1000000")  # a lot of the real one costs more than the usual 100,000 yuan
    start, end = page.get_by_label("开始").first.input_value(), page.get_by_label("结束").first.input_value()
    page.get_by_role("button", name="运行").click()
    page.wait_for_url(re.compile(r"/backtests/[0-9a-f]{32}$"))
    expect(page.get_by_role("tab", name="概览")).to_be_visible()
    settle(page, watch)
    report = read(page, page.url.removeprefix(page.url.split("/backtests")[0]) + "/report")
    document = report["document"]

    statistics = document["statistics"]
    shown = page.locator(".figure .value").all_inner_texts()
    assert [re.sub(r"[▲▼\s]", "", text) for text in shown[:3]] == [
        percent(statistics[key]) for key in ("total_return_pct", "annual_return_pct", "max_drawdown_pct")
    ]
    assert document["trades"]
    page.get_by_role("tab", name=re.compile(f"成交 {len(document['trades'])}")).click()
    expect(page.locator(".tabulator-row").first).to_contain_text(document["trades"][0]["date"])
    assert any(painted(page.locator(".equity-chart")))
    page.goto("/backtests")
    row = page.get_by_role("row").filter(has_text=symbol).first
    expect(row).to_contain_text(f"{document['final_value']:,.2f}")
    assert watch.take() == []

    store = Store(tmp_path)
    assert store.run("init").status == 0
    assert store.run("data", "import", str(path)).status == 0
    period = ["--start", start, "--end", end, "--cash", "1000000"]
    answer = store.run("backtest", "run", str(SAMPLE), "--symbols", symbol, *period)
    assert answer.status == 0, answer
    for key in ("final_value", "final_cash", "trades", "rejected", "equity", "statistics"):
        assert answer.document[key] == document[key], key


# --- backtests that end otherwise ------------------------------------------------------------------------------------


def start_from_source(page: Page, watch: Watch, source: str) -> None:
    page.goto("/backtests/new")
    settle(page, watch)
    page.locator("#source").fill(source)
    expect(page.locator(".form-card .aside.mono")).to_have_text(re.search(r"class (\w+)", source).group(1))  # type: ignore[union-attr]
    page.locator("#source").press("Control+Enter")
    page.wait_for_url(re.compile(r"/backtests/[0-9a-f]{32}$"))


def test_a_long_backtest_shows_its_progress_and_is_cancelled(desk: tuple[Page, Watch]) -> None:
    page, watch = desk
    start_from_source(page, watch, SLOW)
    bar = page.get_by_role("progressbar", name="回测进度")
    seen = set()
    for _turn in range(300):
        if len(seen) >= 3:
            break
        seen.add(float(bar.get_attribute("aria-valuenow") or 0))
        page.wait_for_timeout(50)
    assert len(seen) >= 3
    assert max(seen) < 100
    page.get_by_role("button", name="取消回测").click()
    expect(page.locator(".report-head .chip", has_text="已取消")).to_be_visible()
    assert read(page, "/jobs/" + page.url.rsplit("/", 1)[1])["state"] == "cancelled"
    page.goto("/backtests")
    expect(page.get_by_role("row").nth(1)).to_contain_text("已取消")


def test_a_failing_strategy_shows_file_line_and_bar_date(desk: tuple[Page, Watch], fresh: Fresh) -> None:
    page, watch = desk
    start_from_source(page, watch, FAILING)
    expect(page.locator(".report-head .chip", has_text="失败")).to_be_visible()
    request = read(page, page.url.removeprefix(fresh.client.url))["request"]
    tenth = read(page, f"/market/bars/{request['symbols'][0]}?start={request['start']}&end={request['end']}")["bars"][9][0]
    notice = page.locator(".notice.stop")
    expect(notice).to_contain_text("ZeroDivisionError")
    facts = page.locator("dl.reason")
    expect(facts).to_contain_text(re.compile(r"\w+\.py:7"))
    expect(facts).to_contain_text(tenth)
    expect(page.locator(".code-line.is-marked")).to_contain_text("1 / 0")


def test_run_again_gives_the_same_to_the_cent_and_delete_takes_it_away(desk: tuple[Page, Watch], fresh: Fresh) -> None:
    page, watch = desk
    job = fresh.client.call("POST", "/api/v1/backtests", request_of(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name))[1]
    assert finished(fresh.client, job["id"])["state"] == "succeeded"
    page.goto(f"/backtests/{job['id']}")
    page.get_by_role("button", name="原样复跑").click()
    page.wait_for_url(lambda url: job["id"] not in url)
    expect(page.locator(".report-head .chip", has_text="与上次运行一致")).to_be_visible()
    again = page.url.split("?")[0].rsplit("/", 1)[1]
    first, second = (read(page, f"/backtests/{one}/report")["document"] for one in (job["id"], again))
    assert first == second

    page.get_by_role("button", name="删除").click()
    page.get_by_role("dialog", name=re.compile("删除回测")).get_by_role("button", name="删除").click()
    page.wait_for_url("**/backtests")
    settle(page, watch)
    expect(page.locator(f'a[href="/backtests/{job["id"]}"]')).to_have_count(1)
    expect(page.locator(f'a[href="/backtests/{again}"]')).to_have_count(0)
    assert page.request.get(f"/api/v1/backtests/{again}").status == 404

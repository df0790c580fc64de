"""Names and texts that carry markup stay text on every page: nothing of them runs, and the policy is never asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Watch, context_of, settle
from tests.e2e.demo_program import DemoProgram, create_store, enter_password, finished, request_of, sign_in
from tests.program import Client, Store, finish, serving

pytestmark = pytest.mark.browser

SYMBOL = "600000.SH"
#: Without a blank, which names of stocks lose; "/" parts attributes just as well.
MARKUP = "<img/src=x/onerror=window.ran=1><script>window.ran=1</script>"
#: What an Alpine expression or a template would compute, were the text ever read as one.
EXPRESSION = "{{7*191}}${7*191}';window.ran=1;'"
FIRST_BARS = """
import backtrader as bt


class First(bt.Strategy):
    params = (("words", "x"), ("fail", False))

    def next(self):
        print(self.p.words)
        if self.p.fail and len(self) == 5:
            raise ValueError(self.p.words)
        if not self.position:
            self.buy(size=1000)
"""
#: Whatever the texts could have left in a page had they been read as markup.
TRACES = """(marks) => ({
  ran: window.ran ?? null,
  images: [...document.images].map((one) => one.getAttribute('src')).filter((src) => src === 'x'),
  handlers: [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()).filter((name) => /^on/.test(name)),
  inline: [...document.scripts].filter((one) => !one.src).map((one) => one.textContent).filter((text) => text.includes('window.ran')),
  computed: document.body.innerText.includes('1337'),
})"""
CLEAN = {"ran": None, "images": [], "handlers": [], "inline": [], "computed": False}


def hostile_file(folder: Path) -> Path:
    """A 通达信 export whose title names the stock with markup, and one row whose price is markup."""
    lines = [f"600000 浦发{MARKUP} 日线", "日期,开盘,最高,最低,收盘,成交量,成交额"]
    days = [day for day in range(2, 31) if (day - 1) % 7 not in {5, 6}]
    for day in days:
        lines.append(f"2024-01-{day:02},10.00,10.05,9.95,10.00,1000000,10000000.00")
    lines.append(f"2024-01-31,{MARKUP},10.05,9.95,10.00,1000000,10000000.00")
    path = folder / f"{EXPRESSION.replace('/', '')}.csv"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("gbk"))
    return path


def run_backtest(client: Client, source: str, file_name: str, **params: str) -> str:
    body = request_of(source, file_name, symbols=[SYMBOL], start="2024-01-01", end="2024-01-31", params=params)
    status, job = client.call("POST", "/api/v1/backtests", body)
    assert status == 202, job
    finished(client, job["id"])
    return str(job["id"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, dict[str, str]]]:
    """A running program in which every text that comes from outside carries markup."""
    folder = tmp_path_factory.mktemp("hostile")
    store = Store(folder)
    with serving(store) as (_supervisor, client):
        create_store(client)
        done = finish(store.start("data", "import", str(hostile_file(folder))))
        (entry,) = done.document["files"]
        assert (entry["symbols"], len(entry["quarantined"])) == ([SYMBOL], 1), done
        name = f"{MARKUP.replace('/', '')}{EXPRESSION}.py"
        ids = {
            "report": run_backtest(client, FIRST_BARS, name, words=MARKUP + EXPRESSION),
            "failed": run_backtest(client, FIRST_BARS, name, words=MARKUP + EXPRESSION, fail="true"),
            "syntax": run_backtest(client, f'import backtrader as bt\n"""{MARKUP}"""\n{EXPRESSION}\n', name),
        }
        assert client.call("GET", f"/api/v1/market/instruments/{SYMBOL}")[1]["name"] == f"浦发{MARKUP}"
        yield client, ids


@pytest.fixture
def opened(chromium: Browser, hostile: tuple[Client, dict[str, str]]) -> Iterator[tuple[Page, Watch]]:
    with context_of(chromium, hostile[0].url) as (page, watch):
        sign_in(page)
        yield page, watch


@pytest.mark.long  # tests/scans/test_scripts.py opens every page with such texts at every run
def test_markup_in_names_prints_and_errors_stays_text_on_every_page(
    opened: tuple[Page, Watch], hostile: tuple[Client, dict[str, str]]
) -> None:
    page, watch = opened
    _client, ids = hostile
    places = ["/", "/market", f"/market/{SYMBOL}", "/data", "/backtests", "/backtests/new", "/settings"]
    places += [f"/backtests/{one}" for one in ids.values()]
    shown = []
    for place in places:
        page.goto(place)
        settle(page, watch)
        for tab in page.get_by_role("tab").all():
            if tab.is_visible():
                tab.click()
                settle(page, watch)
                shown.append(page.inner_text("body"))
        shown.append(page.inner_text("body"))
        assert page.evaluate(TRACES) == CLEAN, place
        assert watch.take() == [], place
    assert MARKUP in "".join(shown), "the texts were meant to be seen"


@pytest.mark.long
def test_a_search_that_finds_markup_shows_it_as_text(opened: tuple[Page, Watch]) -> None:
    page, watch = opened
    page.goto("/market")
    settle(page, watch)
    page.keyboard.press("Control+k")
    page.keyboard.type("浦发")
    page.get_by_role("option").first.wait_for()
    settle(page, watch)
    assert MARKUP in page.inner_text("body")
    assert page.evaluate(TRACES) == CLEAN
    assert watch.take() == []


@pytest.mark.parametrize("target", ["//127.0.0.2:1/", "/%09/127.0.0.2:1/", "javascript:window.ran=1"])
def test_signing_in_leads_to_no_other_program(chromium: Browser, program: DemoProgram, target: str) -> None:
    with context_of(chromium, program.url) as (page, watch):
        page.goto(f"/sign-in?next={target}")
        enter_password(page)
        page.wait_for_url(lambda url: "/sign-in" not in url)
        settle(page, watch)
        assert page.url.startswith(program.url + "/")
        assert page.evaluate("window.ran ?? null") is None
        assert watch.take() == []

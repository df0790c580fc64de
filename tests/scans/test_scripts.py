"""Scripts in every text that a person, a file or another browser can write: every page shows them, and none runs.

The program runs in this process on its real server, so that texts can be stored where only the store itself would put
them; the pages are opened in a real Chromium that tells of every script run and every violation of the policy.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright
from sqlalchemy import text

from quantbox.audit.models import Actor, Outcome
from quantbox.web.serving.server import Server
from tests.e2e.browser import DESK, open_chromium
from tests.scans.texts import SCRIPTS, SHORT_SCRIPTS, TRAPS
from tests.web.program import NAME, Browser, Program

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("stepped_up", "cheap_argon2"),
]

STRATEGY = '''
import backtrader as bt


class Words(bt.Strategy):
    """{doc}"""

    params = (("first", ""), ("second", ""), ("third", ""), ("fail", False))

    def next(self):
        words = (self.p.first, self.p.second, self.p.third)
        print(*words, sep="\\n")
        if self.p.fail and len(self) == 5:
            raise ValueError(" ".join(words))
        if not self.position:
            self.buy(size=1000)
'''
#: The code of the first stock; every script names one of its own.
FIRST_STOCK = 600000
#: What a page must show before it counts as read, and how long it may take.
SETTLED = (
    "document.readyState === 'complete' && ![...document.querySelectorAll('.skeleton')].some((one) => one.checkVisibility())"
)
FOUND = "() => ({ran: window.__scan_ran ?? null, violations: window.__scan_violations ?? [], computed: document.body.innerText.includes('1337')})"
CLEAN = {"ran": None, "violations": [], "computed": False}


@dataclass
class Texts:
    """Stores scripts wherever a text can be stored; keeps which pages show what was stored."""

    program: Program
    browser: Browser
    stored: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    def send(self, where: str, method: str, path: str, body: Any) -> Any:
        """Store through the API, as a person would; a refusal is as good as a text that is shown."""
        answer = self.browser.send(method, path, body)
        assert answer.status_code < 500, (where, answer.get_data(as_text=True))
        (self.stored if answer.status_code < 400 else self.refused).append(where)
        return answer.get_json() if answer.status_code < 400 else None

    def instrument(self, number: int, script: str) -> None:
        """A file whose title names a stock with a script, with a price and a file name that are scripts too."""
        code = FIRST_STOCK + number
        name = script.replace("\n", " ").replace("\r", " ")
        lines = [f"{code} 名{name} 日线", "日期,开盘,最高,最低,收盘,成交量,成交额"]
        lines += [
            f"2024-01-{day:02},10.00,10.05,9.95,10.00,1000000,10000000.00" for day in range(2, 31) if (day - 1) % 7 not in {5, 6}
        ]
        cell = '"' + name.replace('"', '""') + '"'
        lines.append(f"2024-01-31,{cell},10.05,9.95,10.00,1000000,10000000.00")
        content = ("\r\n".join(lines) + "\r\n").encode("gbk", "replace")
        job = self.upload(name[:60] + ".csv", content) or self.upload(f"{number}.csv", content)
        assert job is not None, "a plain file name is taken"
        self.program.open_services.job_runner.run(job["id"])
        self.pages.append(f"/market/{code}.SH")

    def upload(self, name: str, content: bytes) -> Any:
        form = {"files": (io.BytesIO(content), name)}
        if not self.browser.token:
            self.browser.token = self.browser.api("/status")["csrf_token"]
        headers = {"X-CSRF-Token": self.browser.token, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        answer = self.browser.client.post("/api/v1/data/imports", data=form, headers=headers)
        return answer.get_json() if answer.status_code < 400 else None

    def backtest(self, scripts: list[str]) -> None:
        """Backtests whose file, parameters, prints, error and source carry up to three scripts."""
        together = " ".join(scripts)
        body = {
            "source": STRATEGY.format(doc=together.replace("\\", "").replace('"""', "")),
            "file_name": together[:400],
            "symbols": [f"{FIRST_STOCK}.SH"],
            "start": "2024-01-02",
            "end": "2024-01-30",
            "cash": "100000",
        }
        words = dict(zip(("first", "second", "third"), scripts, strict=False))
        for params in (words, {**words, "fail": True}):
            job = self.send("backtests", "POST", "/backtests", {**body, "params": params})
            if job is not None:
                self.program.open_services.job_runner.run(job["id"])
                self.pages.append(f"/backtests/{job['id']}")

    def people(self, script: str) -> None:
        """Names of people, devices, tokens, and what the owner enters about outside services."""
        self.send("people", "POST", "/people", {"name": script[:30], "role": "viewer", "password": "青瓦檐下 rain 七声"})
        for device in (self.browser.get("/api/v1/devices").get_json() or {}).get("items", []):
            self.send("devices", "PUT", f"/devices/{device['id']}", {"name": script[:60]})
        self.send("tokens", "POST", "/tokens", {"name": script[:60], "role": "viewer", "days": 7})
        names = ("access_key_id", "access_key_secret", "sign_name", "template_code", "scheme_name")
        self.send("sms", "PUT", "/settings/sms", {"provider": "aliyun_company", **dict.fromkeys(names, script[:20])})
        self.send("settings", "PUT", "/settings", {"data_source": script})

    def rows(self, script: str) -> None:
        """The names themselves, past every check of their length and letters."""
        with self.program.open_services.engine.begin() as connection:
            for table in ("people", "devices", "api_tokens"):
                connection.execute(
                    text(f"UPDATE {table} SET name = name || :script WHERE name != :owner"), {"script": script, "owner": NAME}
                )

    def log(self, script: str) -> None:
        """Records of the audit log, by the address of a refused call and as the log itself may hold them."""
        self.browser.send("DELETE", "/backtests/" + quote(script[:150].replace("/", "∕"), safe=""))
        actor = Actor("owner", "p-x", script, device_id=script[:64], address=script)
        facts = dict.fromkeys(("name", "reason", "symbol", "file_name", "code"), script)
        self.program.open_services.audit.record(actor, script[:64], Outcome.REFUSED, facts)


def store(texts: Texts, scripts: list[str]) -> None:
    for number, script in enumerate(scripts):
        texts.instrument(number, script)
        texts.people(script)
        texts.log(script)
    for first in range(0, len(scripts), 3):
        texts.backtest(scripts[first : first + 3])
    texts.rows(scripts[-1])


@pytest.fixture
def texts(program: Program, browser: Browser) -> Texts:
    return Texts(program, browser)


@pytest.fixture
def server(browser: Browser) -> Iterator[Server]:
    """The very application the texts are stored through, on its real server."""
    server = Server(browser.client.application)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def window(server: Server, browser: Browser) -> Iterator[Page]:
    """A Chromium with the owner's session, and traps for whatever runs."""
    url = f"http://localhost:{server.port}"
    with sync_playwright() as playwright:
        chromium = open_chromium(playwright)
        context = chromium.new_context(base_url=url, viewport=DESK, locale="zh-CN")
        context.add_init_script(TRAPS)
        give_session(context, browser, url)
        page = context.new_page()
        page.on("dialog", lambda dialog: (page.evaluate("window.__scan_ran = 'dialog'"), dialog.dismiss()))
        yield page
        chromium.close()


def give_session(context: BrowserContext, browser: Browser, url: str) -> None:
    for name in ("quantbox_session", "quantbox_device", "quantbox_visitor"):
        cookie = browser.client.get_cookie(name)
        if cookie is not None:
            context.add_cookies([{"name": name, "value": cookie.value, "url": url}])


def places(browser: Browser, texts: Texts) -> list[str]:
    """Return every page: those with an argument for what was stored, all others as they stand."""
    fixed = []
    for rule in browser.client.application.url_map.iter_rules():
        is_page = "GET" in (rule.methods or ()) and not rule.rule.startswith(("/api/", "/static/"))
        if is_page and not rule.arguments:
            fixed.append(rule.rule)
    return [*sorted(fixed), *dict.fromkeys(texts.pages)]


def read_page(page: Page, place: str) -> list[str]:
    """Open a page and every tab and dialog of it that only shows; return what ran there."""
    wrong = []
    page.goto(place)
    for _ in range(200):
        page.wait_for_timeout(60)
        if page.evaluate(SETTLED):
            break
    for tab in page.get_by_role("tab").all():
        if tab.is_visible() and tab.is_enabled():
            tab.click()
            page.wait_for_timeout(60)
    if (found := page.evaluate(FOUND)) != CLEAN:
        wrong.append(f"{place}: {found}")
    return wrong


def scan(texts: Texts, window: Page, browser: Browser, scripts: list[str], addresses: list[str]) -> tuple[list[str], str]:
    """Store the scripts; return what ran on any page, also with `addresses` in its address, and all that was shown."""
    store(texts, scripts)
    wrong, shown = [], ""
    for place in places(browser, texts):
        wrong += read_page(window, place)
        shown += window.inner_text("body")
    for script in addresses:
        for place in (
            f"/market/{quote(script, safe='')}",
            f"/backtests/{quote(script, safe='')}",
            f"/unlock?next={quote(script)}",
        ):
            wrong += read_page(window, place)
    return wrong, shown


def test_no_script_in_a_stored_text_runs_on_any_page(texts: Texts, window: Page, browser: Browser) -> None:
    wrong, shown = scan(texts, window, browser, SHORT_SCRIPTS, ["".join(SHORT_SCRIPTS)])
    assert wrong == []
    assert "<script>" in shown, "the texts were meant to be seen"
    assert {"backtests", "people", "devices", "tokens", "sms"} <= set(texts.stored), texts.refused


def test_the_traps_hear_a_script_that_gets_into_a_page(window: Page, server: Server) -> None:
    window.goto("/unlock")
    window.evaluate("document.body.innerHTML = '<img src=x onerror=window.__scan_ran=1>'")
    window.wait_for_timeout(200)
    assert window.evaluate(FOUND)["violations"] == ["script-src-attr inline"]
    window.evaluate("window.__scan_ran = 1")
    assert window.evaluate(FOUND)["ran"] == 1


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_script_of_the_whole_list_runs_on_any_page(texts: Texts, window: Page, browser: Browser) -> None:
    wrong, _shown = scan(texts, window, browser, SCRIPTS, SCRIPTS)
    assert wrong == []

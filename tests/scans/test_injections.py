"""Injections through every parameter, header, field, upload and symbol of the walked URL map: nothing breaks, nothing shows.

No answer is a fault (5xx), none carries SQL or a traceback, and what is refused changes no row.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from quantbox.web.api import API_PREFIX, Endpoint
from quantbox.web.sockets import read_subscription
from tests.scans.shapes import fitting, places, with_text
from tests.scans.texts import EVERY_KIND, INJECTIONS, UNREADABLE
from tests.web.program import PASSPHRASE, Browser, Program

pytestmark = pytest.mark.usefixtures("stepped_up", "cheap_argon2", "no_host_answers")

#: What no answer may carry: words of the database, of Python's tracebacks, of templates.
LEAKS = re.compile(
    r"sqlite|apsw|sqlalchemy|OperationalError|IntegrityError|ProgrammingError|near \"|syntax error|no such (table|column)"
    r"|SELECT .* FROM|INSERT INTO|Traceback|File \"|\.py\", line|werkzeug|jinja2|root:x:0",
    re.IGNORECASE,
)
#: Answers of 503 that are true on a machine without network, keychain or room, with the reason.
UNAVAILABLE = {
    "vault.keychain_unavailable": "this machine has no keychain",
    "vault.kms_unavailable": "no host answers",
    "user_auth.sms_unavailable": "no host answers",
}
#: Tables that a refused call may write to: the log of refusals, and the signs of life of sessions and devices.
WRITTEN_ANYWAY = {"audit_records", "web_sessions", "devices"}
HEADERS = (
    *("Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Forwarded", "If-None-Match", "Origin"),
    *(
        "Range",
        "Referer",
        "Sec-Fetch-Site",
        "User-Agent",
        "X-CSRF-Token",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Http-Method-Override",
    ),
)


@dataclass
class Scan:
    """Asks, and keeps what must not be.

    Attributes
    ----------
    injections : list of str
        Texts for every place.
    sampled : list of str
        Texts for one place of each kind in a route: what decoders refuse is refused alike wherever it stands.
    """

    program: Program
    browser: Browser
    injections: list[str]
    sampled: list[str] = field(default_factory=list)
    calls: int = 0
    faults: list[str] = field(default_factory=list)

    def judge(self, answer: TestResponse, what: str, payload: str) -> bool:
        """Keep what is wrong with an answer; return whether the call was refused."""
        self.calls += 1
        said = answer.get_data(as_text=True) if answer.status_code >= 400 else ""
        for form in {
            payload,
            json.dumps(payload)[1:-1],
            json.dumps(payload, ensure_ascii=False)[1:-1],
            payload[:200],
            quote(payload, errors="replace"),
        }:
            said = said.replace(form, "") if form else said
        code = answer.get_json()["code"] if answer.content_type == "application/problem+json" else None
        if answer.status_code >= 500 and not (answer.status_code == 503 and code in UNAVAILABLE):
            self.faults.append(f"{what} with {payload[:60]!a}: {answer.status_code} {said[:200]}")
        if (leak := LEAKS.search(said)) is not None:
            self.faults.append(f"{what} with {payload[:60]!a} says {leak[0]!r}")
        if "X-Injected" in answer.headers:
            self.faults.append(f"{what} with {payload[:60]!a} writes a header")
        answer.close()
        return answer.status_code >= 400

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send what a page of the program sends."""
        if not self.browser.token:
            self.browser.token = self.browser.api("/status")["csrf_token"]
        headers = {"X-CSRF-Token": self.browser.token, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        headers |= options.pop("headers", {})
        if self.program.services is None:  # a call that was refused only after it had closed the store
            self.program.unlock(PASSPHRASE)
        return self.browser.client.open(path, method=method, headers=headers, **options)


def rows(program: Program) -> dict[str, tuple[int, str]]:
    """Return number and hash of the rows of every table."""
    found = {}
    with program.open_services.engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).scalars().all()
        for name in names:
            content = connection.execute(text(f'SELECT * FROM "{name}"')).all()
            found[name] = (len(content), hashlib.sha256(repr(sorted(map(repr, content))).encode()).hexdigest())
    return found


def filled(rule: str, argument: str = "", value: str = "none") -> str:
    """Return a rule's address with `value` for one argument and a harmless one for the others."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: quote(value if match[1] == argument else "none", errors="replace"), rule)


def attempts(endpoint: Endpoint, scan: Scan) -> Iterator[tuple[str, str, TestResponse]]:
    """Call a route with every text at every place; yield where, with what, and the answer."""
    for payload in [*scan.injections, *scan.sampled]:
        kinds_seen = set()
        for kind, where, path, options in spots(endpoint, payload):
            if payload in scan.sampled and kind in kinds_seen:
                continue
            kinds_seen.add(kind)
            yield f"{kind} {where}", payload, scan.send(endpoint.method, path, **options)


def spots(endpoint: Endpoint, payload: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield every place of a route a text may stand at: kind and name, with the address and options that put it there."""
    path = API_PREFIX + endpoint.rule
    body = fitting(endpoint.body) if endpoint.body is not None else None
    query = fitting(endpoint.query) if endpoint.query is not None else {}
    for argument in re.findall(r"<(?:\w+:)?(\w+)>", endpoint.rule):
        yield "path", argument, filled(path, argument, payload), sent(endpoint, body)
    strange = {"unknown": payload, clean(payload): payload}
    for hostile in (*({name: payload} for name in query), strange):
        asked = {key: clean(value) for key, value in {**query, **hostile}.items() if not isinstance(value, list | dict)}
        yield "query", ascii(list(hostile)), filled(path), {"query_string": asked, **sent(endpoint, body)}
    for place in places(body) if body is not None else ():
        if place or endpoint.files is None:
            yield "body", ".".join(map(str, place)), filled(path), sent(endpoint, with_text(body, place, payload))


def clean(value: Any) -> str:
    """Return a text that an address can carry."""
    return str(value).encode("utf-8", "replace").decode()


def sent(endpoint: Endpoint, body: Any) -> dict[str, Any]:
    """Return the options that send a body as the route takes it."""
    if body is None:
        return {}
    if endpoint.files is None:
        return {"data": json.dumps(body), "content_type": "application/json"}
    form = {name: clean(value) for name, value in body.items() if not isinstance(value, list | dict)}
    return {"data": {**form, "files": (io.BytesIO(b"x"), "x.csv")}, "content_type": "multipart/form-data"}


def endpoints_of(browser: Browser) -> list[Endpoint]:
    endpoints: list[Endpoint] = browser.client.application.extensions["quantbox.endpoints"]
    return endpoints


def scan_routes(scan: Scan) -> None:
    for endpoint in endpoints_of(scan.browser):
        before, done = rows(scan.program), 0
        for where, payload, answer in attempts(endpoint, scan):
            done += not scan.judge(answer, f"{endpoint.method} {endpoint.rule} {where}", payload)
        after = rows(scan.program)
        changed = {name for name in after if after[name] != before.get(name)} - WRITTEN_ANYWAY
        if changed and not done:
            scan.faults.append(f"{endpoint.method} {endpoint.rule} changed {sorted(changed)} although it refused every call")
        if set(after) != set(before):
            scan.faults.append(f"{endpoint.method} {endpoint.rule} changed the tables themselves")
        grown = {name: after[name][0] - before[name][0] for name in changed}
        if any(abs(rows_more) > done * 50 for rows_more in grown.values()):
            scan.faults.append(f"{endpoint.method} {endpoint.rule}: {done} calls made {grown}")


def scan_headers(scan: Scan) -> None:
    for method, path, options in (
        ("GET", "/api/v1/status", {}),
        ("GET", "/api/v1/audit", {}),
        ("GET", "/settings", {}),
        ("GET", "/static/favicon.svg", {}),
        ("GET", "/api/v1/events", {}),
        ("PUT", "/api/v1/settings", {"data": "{}", "content_type": "application/json"}),
    ):
        for header in HEADERS:
            for payload in scan.injections:
                value = (
                    re.sub(r"[\x00\r\n]", " ", payload).encode("utf-8", "replace").decode("latin-1")
                )  # else the server refuses it
                answer = scan.send(method, path, **{**options, "headers": {header: value}})
                scan.judge(answer, f"{method} {path} header {header}", payload)
                answer = scan.browser.client.get(path, environ_overrides={"HTTP_" + header.upper().replace("-", "_"): value})
                scan.judge(answer, f"{method} {path} header {header} as it stands", payload)


def scan_pages(scan: Scan) -> None:
    for rule in scan.browser.client.application.url_map.iter_rules():
        if rule.rule.startswith(API_PREFIX) or "GET" not in (rule.methods or ()):
            continue
        for payload in scan.injections:
            for argument in re.findall(r"<(?:\w+:)?(\w+)>", rule.rule) or ["none"]:
                answer = scan.send(
                    "GET", filled(rule.rule, argument, payload), query_string={"next": clean(payload), "text": clean(payload)}
                )
                scan.judge(answer, f"page {rule.rule}", payload)


def scan_imports(scan: Scan) -> None:
    """Files whose name, columns, symbols, names of stocks, and cells are hostile; then every list they could show up in."""
    services = scan.program.open_services
    before = {name: found for name, found in rows(scan.program).items() if name not in WRITTEN_ANYWAY | {"jobs", "data_requests"}}
    for payload in scan.injections:
        cell = payload.replace("\n", " ").replace("\r", " ").encode("utf-8", "replace").decode()
        quoted = '"' + cell.replace('"', '""') + '"'
        contents = [
            f"date,open,high,low,close,volume,{quoted}\n2024-01-02,1,1,1,1,1,{quoted}\n",
            f"{quoted},open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n",
            f"symbol,date,open,high,low,close,volume\n{quoted},2024-01-02,1,1,1,1,1\n",
            f"date,open,high,low,close,volume\n{quoted},{quoted},{quoted},{quoted},{quoted},{quoted}\n",
            f"600000 {cell} 日线\n日期,开盘,最高,最低,收盘,成交量,成交额\n2024-01-02,{quoted},1,1,1,1,1\n",
        ]
        for content in contents:
            name = clean(payload)[:80].replace("\x00", "") + ".csv"
            form = {"files": (io.BytesIO(content.encode("utf-8", "replace")), name), "symbol": clean(payload)}
            answer = scan.send("POST", "/api/v1/data/imports", data=form, content_type="multipart/form-data")
            if scan.judge(answer, f"import named {name!a} for a symbol", payload):
                form = {"files": (io.BytesIO(content.encode("utf-8", "replace")), name)}
                answer = scan.send("POST", "/api/v1/data/imports", data=form, content_type="multipart/form-data")
                scan.judge(answer, f"import named {name!a}", payload)
            for job_id in services.jobs.waiting():
                services.job_runner.run(job_id)
                job = services.jobs.get(job_id, "owner")
                if job.reason is not None and job.reason.code == "jobs.internal_fault":
                    scan.faults.append(f"import of {content!a} broke: {job.reason.facts}")
    for path in ("/data/series", "/data/quarantine", "/data/sources", "/data/check", "/market/instruments", "/overview"):
        scan.judge(scan.send("GET", "/api/v1" + path), f"{path} after imports", "")
    after = rows(scan.program)
    changed = [name for name, found in before.items() if after[name] != found]
    if changed:
        scan.faults.append(f"imports changed {changed}")


#: Bodies that are no JSON, or JSON that readers stumble over.
ODD_BODIES = [
    b"",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{",
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b"[" * 100_000,
    b'{"a":NaN}',
    b'{"a":1e999}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":1,"a":2}',
    b'{"\\ud800":"\\udfff"}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"__proto__":{"x":1}}',
    b"\x80\x04\x95.",
    b"<x/>",
]


#: What every route is sent of them; one route of each kind is sent all.
EVERYWHERE = [b"", b"null", b"[]", b'{"a":1e999}']


def scan_bodies(scan: Scan, everywhere: list[bytes] = ODD_BODIES) -> None:
    kinds_seen = set()
    for endpoint in endpoints_of(scan.browser):
        if endpoint.body is None:
            continue
        before = rows(scan.program)
        done = 0
        kind = "multipart/form-data; boundary=x" if endpoint.files else "application/json"
        for body in everywhere if kind in kinds_seen else ODD_BODIES:
            answer = scan.send(endpoint.method, filled(API_PREFIX + endpoint.rule), data=body, content_type=kind)
            done += not scan.judge(answer, f"{endpoint.method} {endpoint.rule} body", body[:80].decode("latin-1"))
        kinds_seen.add(kind)
        after = rows(scan.program)
        changed = {name for name in after if after[name] != before[name]} - WRITTEN_ANYWAY
        if changed and not done:
            scan.faults.append(f"{endpoint.method} {endpoint.rule} changed {sorted(changed)} although it refused every body")


@pytest.fixture
def scan(program: Program, browser: Browser) -> Scan:
    return Scan(program, browser, [EVERY_KIND, UNREADABLE])


def test_every_path_query_and_body_of_every_route(scan: Scan) -> None:
    scan.injections, scan.sampled = [EVERY_KIND], [UNREADABLE]
    scan_routes(scan)
    assert scan.faults == []
    assert scan.calls > 500


def test_every_header(scan: Scan) -> None:
    scan_headers(scan)
    assert scan.faults == []


def test_every_page(scan: Scan) -> None:
    scan_pages(scan)
    assert scan.faults == []


def test_every_name_column_and_cell_of_an_import(scan: Scan) -> None:
    scan_imports(scan)
    assert scan.faults == []


def test_every_body_that_is_none(scan: Scan) -> None:
    scan_bodies(scan, EVERYWHERE)
    assert scan.faults == []


@pytest.mark.parametrize("payload", INJECTIONS, ids=lambda payload: ascii(payload[:20]))
def test_every_first_message_of_a_socket(payload: str) -> None:
    allowed = read_subscription(json.dumps({"subscribe": [payload, f"jobs.{payload}"]}))
    assert [prefix for prefix in allowed if not prefix.startswith("jobs.")] == []
    for message in (payload, payload.encode("utf-8", "replace"), json.dumps({"subscribe": payload}), json.dumps([payload])):
        assert read_subscription(message) == []


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", [scan_routes, scan_headers, scan_pages, scan_imports, scan_bodies])
def test_every_injection_of_the_whole_list(scan: Scan, part: Callable[[Scan], None]) -> None:
    scan.injections = INJECTIONS
    part(scan)
    assert scan.faults == []

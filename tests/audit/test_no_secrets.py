"""Nothing secret reaches the log: a marker is planted in every field of every act, and looked for in every record."""

from __future__ import annotations

import json
import re

import pytest

from quantbox.audit.facts import facts_text
from tests.audit.program import endpoints_of, log_of
from tests.scans.conftest import cheap_argon2, no_host_answers, no_rate_limits, no_waiting_for_disks, program, stepped_up
from tests.scans.shapes import fitting, places, with_text
from tests.scans.test_injections import Scan, filled, sent
from tests.web.program import PASSPHRASE, Browser, Program

__all__ = ["cheap_argon2", "no_host_answers", "no_rate_limits", "no_waiting_for_disks", "program", "stepped_up"]

#: Fields whose content a record may show, because an act cannot be understood without it; none of them is secret.
SHOWN = {
    "file_name": "names the strategy file, not its source",
    "symbols": "public instruments",
    "symbol": "public instruments",
    "source": "name of a data source; a strategy's source is planted as `source` of its own route and must not appear",
    "name": "of a person, a device, a token or a passkey",
    "endpoint": "host name of the cloud key service",
    "role": "one of three words",
    "max_role": "one of three words",
}
#: Routes whose `source` is a strategy.
STRATEGY_ROUTES = {"backtesting.submit_backtest", "backtesting.inspect_strategy"}


@pytest.mark.usefixtures("stepped_up", "cheap_argon2", "no_host_answers")
def test_no_field_of_any_act_is_found_in_the_log(program: Program, browser: Browser) -> None:
    scan = Scan(program, browser, [])
    planted: dict[str, tuple[str, str]] = {}
    for endpoint in endpoints_of(browser):
        if endpoint.act is None or endpoint.body is None:
            continue
        body = fitting(endpoint.body)
        for place in places(body):
            if not place:
                continue
            marker = f"planted-{len(planted):04}-marker"
            planted[marker] = (endpoint.name, next(str(step) for step in reversed(place) if isinstance(step, str)))
            answer = scan.send(
                endpoint.method, filled("/api/v1" + endpoint.rule), **sent(endpoint, with_text(body, place, marker))
            )
            answer.close()
    if program.services is None:
        program.unlock(PASSPHRASE)
    log = "\n".join(
        json.dumps([one.facts, one.person, one.address, one.device_id, one.act], ensure_ascii=False) for one in log_of(program)
    )
    found = {planted[marker] for marker in re.findall(r"planted-\d{4}-marker", log)}
    secret = {(route, name) for route, name in found if name not in SHOWN or (name == "source" and route in STRATEGY_ROUTES)}
    assert secret == set()
    assert len(planted) > 20
    assert len(log_of(program)) > 20, "the acts were recorded"


def test_what_is_not_known_by_name_is_not_kept() -> None:
    secrets = (
        "passphrase",
        "password",
        "code",
        "token",
        "secret",
        "recovery_code",
        "access_key_secret",
        "phone",
        "note",
        "cookie",
    )
    kept = json.loads(facts_text(dict.fromkeys(secrets, "x")))
    assert kept == {"code": "x"}, "the stable code of an error; a second factor's code is never noted under it"

"""Every route of the program against every role: who may call it, what it asks besides, and under which name it is recorded.

A new route stands in the table, written by hand, or the test fails. Everybody then comes to the door of each route; that
what lies behind the doors breaks at nothing is for the long run.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from flask import Flask

from quantbox.core.paths import DataFolder
from quantbox.core.roles import Role
from quantbox.vault import service as vault
from quantbox.vault.models import Keys
from quantbox.web.api import Endpoint
from quantbox.web.errors import RequestInvalid
from tests.user_auth.setting import beside
from tests.web.program import NAME, PASSPHRASE, Browser, Program, new_program, open_browser, sign_in

__all__ = ["new_program"]

ANYBODY, VIEWER, TRADER, OWNER = None, Role.VIEWER, Role.TRADER, Role.OWNER
STEP_UP, NOTHING_MORE = True, False

#: Least role, whether it takes a step-up, and the act it is recorded as. What is for anybody proves by itself who asks, or
#: tells nothing private.
ROUTES: dict[str, tuple[Role | None, bool, str | None]] = {
    "GET /audit": (OWNER, NOTHING_MORE, None),
    "GET /audit/acts": (OWNER, NOTHING_MORE, None),
    "POST /audit/anchor": (OWNER, STEP_UP, "audit.anchor"),
    "POST /audit/export": (OWNER, STEP_UP, "audit.export"),
    "GET /audit/verify": (OWNER, NOTHING_MORE, None),
    "GET /backtests": (VIEWER, NOTHING_MORE, None),
    "POST /backtests": (TRADER, NOTHING_MORE, "backtest.submit"),
    "DELETE /backtests/<backtest_id>": (TRADER, NOTHING_MORE, "backtest.delete"),
    "GET /backtests/<backtest_id>": (VIEWER, NOTHING_MORE, None),
    "GET /backtests/<backtest_id>/comparison": (VIEWER, NOTHING_MORE, None),
    "GET /backtests/<backtest_id>/report": (VIEWER, NOTHING_MORE, None),
    "POST /backtests/<backtest_id>/rerun": (TRADER, NOTHING_MORE, "backtest.rerun"),
    "POST /backtests/inspect": (VIEWER, NOTHING_MORE, None),
    "GET /backtests/samples": (VIEWER, NOTHING_MORE, None),
    "POST /backtests/<backtest_id>/bring-back": (TRADER, NOTHING_MORE, "backtest.bring_back"),
    "GET /backups": (OWNER, NOTHING_MORE, None),
    "POST /backups": (OWNER, NOTHING_MORE, "backup.create"),
    "DELETE /backups/<name>": (OWNER, STEP_UP, "backup.delete"),
    "GET /backups/<name>/file": (OWNER, STEP_UP, "backup.download"),
    "POST /backups/<name>/rehearse": (OWNER, NOTHING_MORE, "backup.rehearse"),
    "POST /backups/<name>/verify": (OWNER, NOTHING_MORE, "backup.verify"),
    "PUT /backups/schedule": (OWNER, STEP_UP, "backup.schedule"),
    "GET /offsite": (OWNER, NOTHING_MORE, None),
    "PUT /offsite": (OWNER, STEP_UP, "offsite.change"),
    "DELETE /offsite/backups/<name>": (OWNER, STEP_UP, "offsite.delete"),
    "POST /offsite/backups/<name>/fetch": (OWNER, NOTHING_MORE, "offsite.fetch"),
    "POST /offsite/bring-back": (OWNER, NOTHING_MORE, "offsite.bring_back"),
    "POST /offsite/send": (OWNER, NOTHING_MORE, "offsite.send"),
    "POST /offsite/test": (OWNER, NOTHING_MORE, "offsite.test"),
    "POST /commands/<name>": (ANYBODY, NOTHING_MORE, None),
    "GET /data/calendar": (VIEWER, NOTHING_MORE, None),
    "GET /data/check": (VIEWER, NOTHING_MORE, None),
    "POST /data/demo": (TRADER, NOTHING_MORE, "data.demo"),
    "POST /data/imports": (TRADER, NOTHING_MORE, "data.import"),
    "GET /data/imports/<job_id>": (VIEWER, NOTHING_MORE, None),
    "GET /data/quarantine": (VIEWER, NOTHING_MORE, None),
    "GET /data/series": (VIEWER, NOTHING_MORE, None),
    "DELETE /data/series/<symbol>": (TRADER, NOTHING_MORE, "data.remove"),
    "GET /data/sources": (VIEWER, NOTHING_MORE, None),
    "POST /data/updates": (TRADER, NOTHING_MORE, "data.update"),
    "GET /data/updates/<job_id>": (VIEWER, NOTHING_MORE, None),
    "GET /devices": (VIEWER, NOTHING_MORE, None),
    "DELETE /devices/<device_id>": (OWNER, STEP_UP, "device.revoke"),
    "PUT /devices/<device_id>": (OWNER, STEP_UP, "device.change"),
    "GET /doctor": (VIEWER, NOTHING_MORE, None),
    "POST /export": (OWNER, STEP_UP, "backup.export"),
    "GET /jobs": (VIEWER, NOTHING_MORE, None),
    "GET /jobs/<job_id>": (VIEWER, NOTHING_MORE, None),
    "POST /jobs/<job_id>/cancel": (TRADER, NOTHING_MORE, "job.cancel"),
    "GET /lan": (OWNER, NOTHING_MORE, None),
    "PUT /lan": (OWNER, STEP_UP, "lan.change"),
    "POST /lan/authority": (OWNER, STEP_UP, "lan.authority"),
    "GET /lan/authority.crt": (OWNER, NOTHING_MORE, None),
    "GET /market/bars/<symbol>": (VIEWER, NOTHING_MORE, None),
    "GET /market/instruments": (VIEWER, NOTHING_MORE, None),
    "GET /market/instruments/<symbol>": (VIEWER, NOTHING_MORE, None),
    "GET /me": (VIEWER, NOTHING_MORE, None),
    "GET /me/factors": (VIEWER, NOTHING_MORE, None),
    "POST /me/passkeys": (VIEWER, STEP_UP, "factors.passkey.enrol"),
    "DELETE /me/passkeys/<factor_id>": (VIEWER, STEP_UP, "factors.passkey.remove"),
    "POST /me/passkeys/options": (VIEWER, STEP_UP, "factors.passkey.begin"),
    "POST /me/password": (VIEWER, STEP_UP, "person.own_password"),
    "POST /me/recovery-codes": (VIEWER, STEP_UP, "factors.recovery.renew"),
    "DELETE /me/sms": (VIEWER, STEP_UP, "factors.sms.remove"),
    "POST /me/sms": (VIEWER, STEP_UP, "factors.sms.begin"),
    "POST /me/sms/confirm": (VIEWER, STEP_UP, "factors.sms.enrol"),
    "DELETE /me/totp": (VIEWER, STEP_UP, "factors.totp.remove"),
    "POST /me/totp": (VIEWER, STEP_UP, "factors.totp.begin"),
    "POST /me/totp/confirm": (VIEWER, STEP_UP, "factors.totp.enrol"),
    "GET /openapi.json": (ANYBODY, NOTHING_MORE, None),
    "POST /outbound/resume": (OWNER, STEP_UP, "outbound.resume"),
    "GET /overview": (VIEWER, NOTHING_MORE, None),
    "POST /owner/password": (ANYBODY, NOTHING_MORE, "person.first_owner"),
    "GET /pair": (ANYBODY, NOTHING_MORE, None),
    "POST /pair": (ANYBODY, NOTHING_MORE, "pairing.take"),
    "GET /pair/authority.crt": (ANYBODY, NOTHING_MORE, None),
    "POST /pairing": (OWNER, STEP_UP, "pairing.invite"),
    "DELETE /pairing/<pairing_id>": (OWNER, NOTHING_MORE, "pairing.refuse"),
    "GET /pairing/<pairing_id>": (OWNER, NOTHING_MORE, None),
    "POST /pairing/<pairing_id>/confirm": (OWNER, NOTHING_MORE, "pairing.confirm"),
    "GET /people": (OWNER, NOTHING_MORE, None),
    "POST /people": (OWNER, STEP_UP, "person.add"),
    "DELETE /people/<person_id>": (OWNER, STEP_UP, "person.remove"),
    "PUT /people/<person_id>": (OWNER, STEP_UP, "person.change"),
    "POST /people/<person_id>/password": (OWNER, STEP_UP, "person.password"),
    "POST /people/<person_id>/reset-factors": (OWNER, STEP_UP, "person.reset_factors"),
    "POST /restore": (ANYBODY, NOTHING_MORE, "backup.restore"),
    "GET /restore/progress": (ANYBODY, NOTHING_MORE, None),
    "POST /restore/over": (OWNER, STEP_UP, "backup.restore"),
    "POST /session/activity": (VIEWER, NOTHING_MORE, None),
    "POST /session/code": (ANYBODY, NOTHING_MORE, "session.sign_in"),
    "POST /session/end": (VIEWER, NOTHING_MORE, "session.end"),
    "POST /session/launch": (ANYBODY, NOTHING_MORE, "session.launch"),
    "POST /session/passkey": (ANYBODY, NOTHING_MORE, "session.sign_in"),
    "POST /session/passkey/options": (ANYBODY, NOTHING_MORE, None),
    "POST /session/password": (ANYBODY, NOTHING_MORE, "session.sign_in"),
    "POST /session/reset-password": (ANYBODY, NOTHING_MORE, "person.reset"),
    "POST /session/sms": (ANYBODY, NOTHING_MORE, "session.sms"),
    "GET /session/step-up": (VIEWER, NOTHING_MORE, None),
    "POST /session/step-up": (VIEWER, NOTHING_MORE, "session.step_up"),
    "POST /session/step-up/passkey": (VIEWER, NOTHING_MORE, "session.step_up"),
    "POST /session/step-up/passkey/options": (VIEWER, NOTHING_MORE, None),
    "POST /session/step-up/sms": (VIEWER, NOTHING_MORE, "session.sms"),
    "GET /sessions": (VIEWER, NOTHING_MORE, None),
    "DELETE /sessions/<session_id>": (VIEWER, NOTHING_MORE, "session.revoke"),
    "GET /settings": (VIEWER, NOTHING_MORE, None),
    "PUT /settings": (OWNER, NOTHING_MORE, "settings.change"),
    "GET /settings/sms": (OWNER, NOTHING_MORE, None),
    "PUT /settings/sms": (OWNER, STEP_UP, "settings.sms"),
    "POST /settings/sms/test": (OWNER, STEP_UP, "settings.sms.test"),
    "GET /status": (ANYBODY, NOTHING_MORE, None),
    "GET /tokens": (VIEWER, NOTHING_MORE, None),
    "POST /tokens": (VIEWER, STEP_UP, "token.create"),
    "DELETE /tokens/<token_id>": (VIEWER, NOTHING_MORE, "token.revoke"),
    "POST /tokens/refresh": (ANYBODY, NOTHING_MORE, "token.refresh"),
    "GET /vault": (OWNER, NOTHING_MORE, None),
    "POST /vault/create": (ANYBODY, NOTHING_MORE, "vault.create"),
    "PUT /vault/keychain": (OWNER, STEP_UP, "vault.keychain"),
    "DELETE /vault/kms": (OWNER, STEP_UP, "vault.kms.disable"),
    "PUT /vault/kms": (OWNER, STEP_UP, "vault.kms.enable"),
    "POST /vault/lock": (OWNER, NOTHING_MORE, "vault.lock"),
    "POST /vault/passphrase": (OWNER, STEP_UP, "vault.passphrase"),
    "DELETE /vault/recovery-kit": (OWNER, STEP_UP, "vault.recovery_kit.remove"),
    "POST /vault/recovery-kit": (OWNER, STEP_UP, "vault.recovery_kit.make"),
    "POST /vault/recovery-kit/confirm": (OWNER, NOTHING_MORE, "vault.recovery_kit.confirm"),
    "POST /vault/rotate": (OWNER, STEP_UP, "vault.rotate"),
    "GET /vault/rotation": (ANYBODY, NOTHING_MORE, None),
    "POST /vault/unlock": (ANYBODY, NOTHING_MORE, "vault.unlock"),
    "POST /vault/unlock-by-kms": (ANYBODY, NOTHING_MORE, "vault.unlock"),
    "POST /vault/unlock-by-recovery": (ANYBODY, NOTHING_MORE, "vault.unlock"),
}
#: How each of them may be refused before the route looks at what it was sent, and what a route looked at there says.
SIGN_IN, ROLE, PROOF = "web.sign_in_needed", "web.role_missing", "web.step_up_needed"
LET_IN = "web.request_invalid"


def endpoints(app: Flask) -> list[Endpoint]:
    found: list[Endpoint] = app.extensions["quantbox.endpoints"]
    return found


def test_every_route_stands_in_the_table_and_is_what_it_says(program: Program) -> None:
    declared = {
        f"{one.method} {one.rule}": (one.role, one.needs_step_up, one.act)
        for one in endpoints(open_browser(program).client.application)
    }
    assert declared == ROUTES


@pytest.fixture(scope="module")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keys]:
    """A real vault and its keys."""
    folder = DataFolder(tmp_path_factory.mktemp("store"))
    keys = vault.create(folder, PASSPHRASE)
    return folder.vault_file, keys


@pytest.fixture
def program(new_program: Program, made_store: tuple[Path, Keys]) -> Program:
    """A program with its store open."""
    vault_file, keys = made_store
    shutil.copy(vault_file, new_program.folder.vault_file)
    new_program.open(keys)
    return new_program


class Caller:
    """Somebody at a browser; signed in anew when the call before ended the session or locked the store."""

    def __init__(self, program: Program, first: Browser, role: Role | None, max_role: Role | None, has_stepped_up: bool) -> None:
        self.program, self.browser, self.has_stepped_up = program, beside(first), has_stepped_up
        self.role = role if max_role is None or role is None or max_role.includes(role) else max_role
        self._person_role, self._max_role = role, max_role
        self._keys: Keys | None = None

    def call(self, method: str, rule: str) -> str | None:
        """Call the route with nothing in it and return the code of its refusal."""
        self.come()
        answer = self.browser.send(method, re.sub(r"<\w+>", "x", rule))
        document = answer.get_json(silent=True)
        return document.get("code") if isinstance(document, dict) else None

    def come(self) -> None:
        """Sign in where nobody is, and hold the token of the page."""
        self._sign_in()
        self.browser.token = self.browser.token or self.browser.api("/status")["csrf_token"]

    def _sign_in(self) -> None:
        if self.program.services is None:
            assert self._keys is not None
            self.program.open(self._keys)
        services = self.program.open_services
        self._keys = services.keys
        held = self.browser.client.get_cookie("quantbox_session")
        if self._person_role is None or (held and services.web_sessions.find(held.value)):
            return
        name = NAME if self._person_role is OWNER else self._person_role.value
        sign_in(self.browser, self.program, name, self._person_role)
        (session, *_others) = services.web_sessions.list_sessions()
        if self._max_role is not None:
            services.devices.change(session.device.id, {"max_role": self._max_role})
        if self.has_stepped_up:
            opened = services.web_sessions.step_up(session.id)
            self.browser.client.set_cookie("quantbox_session", opened.cookie)

    def expected(self, role: Role | None, step_up: bool) -> str:
        """Return how a route of the table refuses this caller, or that it lets them in."""
        if role is None:
            return LET_IN
        if self.role is None:
            return SIGN_IN
        if not self.role.includes(role):
            return ROLE
        return PROOF if step_up and not self.has_stepped_up else LET_IN


@pytest.mark.parametrize(
    ("role", "max_role", "has_stepped_up"),
    [
        (None, None, False),
        (VIEWER, None, True),
        (TRADER, None, True),
        (OWNER, None, False),
        (OWNER, None, True),
        (OWNER, VIEWER, True),
        (OWNER, TRADER, True),
    ],
    ids=[
        "anonymous",
        "viewer",
        "trader",
        "owner",
        "owner who stepped up",
        "owner on a viewer's tablet",
        "owner on a trader's tablet",
    ],
)
def test_every_route_lets_in_whom_the_table_says_and_nobody_else(
    program: Program, role: Role | None, max_role: Role | None, has_stepped_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_no_further(_endpoint: Endpoint) -> None:
        raise RequestInvalid(fields="everything")

    caller = Caller(program, open_browser(program), role, max_role, has_stepped_up)
    caller.come()
    monkeypatch.setattr("quantbox.web.api._arguments", look_no_further)  # read right behind the door
    monkeypatch.delitem(program.app.extensions, "quantbox.recorder")  # which sits before it
    wrong = {}
    for route, (least, step_up, _act) in ROUTES.items():
        method, _, rule = route.partition(" ")
        code, expected = caller.call(method, rule), caller.expected(least, step_up)
        if code != expected:
            wrong[route] = f"{code} instead of {expected}"
    assert wrong == {}


@pytest.mark.long
@pytest.mark.parametrize("role", [None, VIEWER, TRADER, OWNER], ids=["anonymous", "viewer", "trader", "owner"])
def test_no_route_breaks_at_nothing_or_refuses_whom_the_table_lets_in(program: Program, role: Role | None) -> None:
    caller = Caller(program, open_browser(program), role, None, has_stepped_up=True)
    wrong = {}
    for route, (least, step_up, _act) in ROUTES.items():
        method, _, rule = route.partition(" ")
        if caller.expected(least, step_up) == LET_IN:
            code = caller.call(method, rule)
            if code in {SIGN_IN, ROLE, PROOF, "vault.locked", "web.cross_site_refused", "web.internal_error"}:
                wrong[route] = code
    assert wrong == {}

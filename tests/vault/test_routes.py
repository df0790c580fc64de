"""The vault's routes on a program with a real vault; a page reads and sends what stands here."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quantbox.audit.models import RecordFilter
from quantbox.core.roles import Role
from quantbox.user_auth.models import SignInBy, Visit
from quantbox.vault.errors import PassphraseWrong
from quantbox.vault.models import AccessKey
from quantbox.vault.recovery_code import write_code
from quantbox.vault.service import unlock, unlock_by_keychain, unlock_by_kms, unlock_by_recovery
from quantbox.vault.wrappers.aliyun_kms import AliyunKms
from tests.program import PASSPHRASE
from tests.vault.conftest import NEW_PHRASE, copy_of
from tests.vault.kms_origin import ACCESS_KEY_ID, ACCESS_KEY_SECRET, KEY_ID, kms_origin, trusted_kms
from tests.web.program import PASSWORD, add_person, new_program, open_browser  # noqa: F401 - a fixture

PROOF = {"passphrase": PASSPHRASE}


def sign_in(program, *, stepped_up=True, role=Role.OWNER, name="王小明"):
    """A browser of its own, signed in just now or a while ago."""
    browser = open_browser(program)
    visit = Visit("", "Test · Linux", "127.0.0.1")
    proven_for = timedelta(minutes=5) if stepped_up else timedelta()
    person = add_person(program, name, role)
    opened = program.open_services.web_sessions.begin(person, SignInBy.PASSWORD, visit, proven_for=proven_for)
    browser.client.set_cookie("quantbox_session", opened.cookie)
    browser.client.set_cookie("quantbox_device", opened.device_token)
    return browser


@pytest.fixture
def program(new_program, made_store, monkeypatch):  # noqa: F811
    copy_of(made_store, new_program.folder, monkeypatch)
    new_program.unlock(PASSPHRASE)
    return new_program


@pytest.fixture
def owner(program):
    return sign_in(program)


def recorded(program, act):
    return [record for record in program.open_services.audit.search(RecordFilter(act=act)).items if record.act == act]


def test_the_page_learns_how_the_vault_is_opened_and_no_secret(owner, program, no_keychain):
    shown = owner.api("/vault")
    assert shown["epoch"] == 1
    assert shown["rotated_at"] is None
    assert len(shown["store_id"]) == 32
    assert shown["kdf"] == {"algorithm": "argon2id", "memory_kib": 65536, "iterations": 3}
    assert [way["kind"] for way in shown["wrappers"]] == ["passphrase"]
    assert shown["keychain"]["is_available"] is False
    assert "钥匙串" in shown["keychain"]["reason"]
    assert (shown["recovery_kit"], shown["pending_kit"], shown["void_kits"]) == (None, None, [])


CHANGES = [
    ("POST", "/vault/passphrase", {**PROOF, "new_passphrase": NEW_PHRASE}),
    ("POST", "/vault/recovery-kit", PROOF),
    ("DELETE", "/vault/recovery-kit", PROOF),
    ("PUT", "/vault/keychain", {**PROOF, "is_enabled": True}),
    ("PUT", "/vault/kms", {**PROOF, "endpoint": "kms.example", "key_id": "k", "access_key_id": "a", "access_key_secret": "s"}),
    ("DELETE", "/vault/kms", PROOF),
]


def test_every_change_needs_the_owner_and_step_up_and_changes_nothing_without(program, keychain):
    before = program.folder.vault_file.read_bytes()
    stale, trader = sign_in(program, stepped_up=False), sign_in(program, role=Role.TRADER, name="李四")
    for method, path, body in CHANGES:
        assert stale.send(method, path, body).get_json()["code"] == "web.step_up_needed", path
        assert trader.send(method, path, body).get_json()["code"] == "web.role_missing", path
    assert trader.client.get("/api/v1/vault").get_json()["code"] == "web.role_missing"
    assert program.folder.vault_file.read_bytes() == before


def test_every_change_needs_the_right_pass_phrase_and_its_refusal_is_recorded(owner, program, clock, keychain):
    before = program.folder.vault_file.read_bytes()
    for method, path, body in CHANGES:
        answer = owner.send(method, path, {**body, "passphrase": PASSPHRASE + "!"})
        assert (answer.status_code, answer.get_json()["code"]) == (403, "vault.passphrase_wrong"), path
        endpoints = owner.client.application.extensions["quantbox.endpoints"]
        (record,) = recorded(program, next(one.act for one in endpoints if (one.method, one.rule) == (method, path)))
        assert (record.outcome, record.what["code"]) == ("refused", "vault.passphrase_wrong")
        clock.advance(30)
    assert program.folder.vault_file.read_bytes() == before


def test_promise_8_wrong_pass_phrases_inside_a_session_are_slowed_down(owner, program, clock):
    wrong = {"passphrase": PASSPHRASE + "!"}
    for _ in range(5):
        assert owner.post("/vault/recovery-kit", wrong).get_json()["code"] == "vault.passphrase_wrong"
    refused = owner.post("/vault/recovery-kit", PROOF)
    assert refused.get_json()["code"] == "user_auth.too_many_attempts"
    clock.advance(refused.get_json()["facts"]["retry_after_seconds"])
    assert owner.post("/vault/recovery-kit", PROOF).status_code == 201


def test_promise_22_a_new_pass_phrase_ends_everybodys_session_but_this_one(owner, program):
    other, trader = sign_in(program), sign_in(program, role=Role.TRADER, name="李四")
    assert owner.post("/vault/passphrase", {**PROOF, "new_passphrase": NEW_PHRASE}).status_code == 200
    assert owner.api("/vault")["epoch"] == 1
    for ended in (other, trader):
        assert ended.client.get("/api/v1/settings").status_code == 401
    assert unlock(program.folder, NEW_PHRASE) == program.open_services.keys
    with pytest.raises(PassphraseWrong):
        unlock(program.folder, PASSPHRASE)
    (record,) = recorded(program, "vault.passphrase")
    assert record.outcome == "done"
    assert NEW_PHRASE not in str(record)


def test_a_forgotten_pass_phrase_is_replaced_by_the_kits_code(owner, program):
    other = sign_in(program)
    kit = confirmed_kit(owner)
    body = {"recovery_code": kit["code"], "new_passphrase": NEW_PHRASE}
    foreign = {**body, "recovery_code": write_code(b"sixteen letters.")}
    assert owner.post("/vault/passphrase", foreign).get_json()["code"] == "vault.recovery_code_wrong"
    assert (
        owner.post("/vault/passphrase", {**body, "new_passphrase": "eleven char"}).get_json()["code"] == "vault.passphrase_short"
    )
    for neither_or_both in ({"new_passphrase": NEW_PHRASE}, {**body, **PROOF}):
        assert owner.post("/vault/passphrase", neither_or_both).get_json()["code"] == "web.request_invalid"
    assert sign_in(program, stepped_up=False).post("/vault/passphrase", body).get_json()["code"] == "web.step_up_needed"
    assert unlock(program.folder, PASSPHRASE)
    assert owner.post("/vault/passphrase", body).status_code == 200
    assert unlock(program.folder, NEW_PHRASE) == program.open_services.keys == unlock_by_recovery(program.folder, kit["code"])
    with pytest.raises(PassphraseWrong):
        unlock(program.folder, PASSPHRASE)
    assert other.client.get("/api/v1/settings").status_code == 401
    done = recorded(program, "vault.passphrase")[0]
    assert (done.outcome, done.what) == ("done", {"method": "recovery"})


def test_promise_8_wrong_codes_inside_a_session_are_slowed_down_with_wrong_pass_phrases(owner, program):
    wrong = {"recovery_code": write_code(b"sixteen letters."), "new_passphrase": NEW_PHRASE}
    for _ in range(5):
        assert owner.post("/vault/passphrase", wrong).get_json()["code"] == "vault.recovery_code_wrong"
    assert owner.post("/vault/recovery-kit", PROOF).get_json()["code"] == "user_auth.too_many_attempts"


def test_whatever_derives_a_pass_phrase_is_charged_to_the_session(owner):
    endpoints = [one for one in owner.client.application.extensions["quantbox.endpoints"] if one.capability == "vault"]
    deriving = {one.rule for one in endpoints if one.body is not None and "passphrase" in one.body.model_fields}
    assert deriving == {path for _method, path, _body in CHANGES} | {"/vault/rotate"}
    assert {one.rule for one in endpoints if one.is_expensive} == deriving


def test_a_new_pass_phrase_that_is_short_or_the_owners_password_is_refused(owner, program):
    other = sign_in(program)
    for new in ("eleven char", PASSWORD):
        assert owner.post("/vault/passphrase", {**PROOF, "new_passphrase": new}).status_code == 400
    assert unlock(program.folder, PASSPHRASE)
    assert other.client.get("/api/v1/settings").status_code == 200


def groups_asked(kit):
    return [kit["code"].split("-")[number - 1] for number in kit["confirm"]]


def confirmed_kit(owner):
    kit = owner.post("/vault/recovery-kit", PROOF).get_json()
    assert owner.post("/vault/recovery-kit/confirm", {"groups": groups_asked(kit)}).status_code == 200
    return kit


def test_a_kit_is_made_confirmed_used_and_removed(owner, program):
    made = owner.post("/vault/recovery-kit", PROOF)
    assert made.status_code == 201
    kit = made.get_json()
    groups = groups_asked(kit)
    shown = owner.api("/vault")
    assert shown["recovery_kit"]["is_confirmed"] is False
    assert shown["pending_kit"]["confirm"] == kit["confirm"]
    wrong = owner.post("/vault/recovery-kit/confirm", {"groups": groups[::-1] if groups[0] != groups[1] else ["AAAAA", "AAAAA"]})
    assert wrong.get_json()["code"] == "vault.recovery_kit_not_confirmed"
    confirmed = owner.post("/vault/recovery-kit/confirm", {"groups": groups}).get_json()
    assert confirmed["recovery_kit"]["is_confirmed"] is True
    assert unlock_by_recovery(program.folder, kit["code"]) == program.open_services.keys
    removed = owner.send("DELETE", "/vault/recovery-kit", PROOF).get_json()
    assert removed["recovery_kit"] is None
    assert len(removed["void_kits"]) == 1
    assert owner.post("/vault/recovery-kit/confirm", {"groups": groups}).get_json()["code"] == "vault.recovery_kit_missing"


def test_the_keychain_is_switched_on_and_off(owner, program, keychain):
    on = owner.send("PUT", "/vault/keychain", {**PROOF, "is_enabled": True}).get_json()
    assert "keychain" in [way["kind"] for way in on["wrappers"]]
    assert unlock_by_keychain(program.folder) == program.open_services.keys
    off = owner.send("PUT", "/vault/keychain", {**PROOF, "is_enabled": False}).get_json()
    assert [way["kind"] for way in off["wrappers"]] == ["passphrase"]
    assert [entry for _service, entry in keychain.kept if not entry.endswith("/audit-anchor")] == []
    assert [record.what["is_enabled"] for record in recorded(program, "vault.keychain")] == [False, True]


def test_a_machine_without_a_keychain_refuses_in_a_sentence(owner, no_keychain):
    answer = owner.send("PUT", "/vault/keychain", {**PROOF, "is_enabled": True})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "vault.keychain_unavailable")


def test_the_key_service_is_switched_on_and_off_and_its_secret_comes_back_nowhere(owner, program, no_keychain, monkeypatch):
    connect = lambda address, key: AliyunKms(address, key, protocol="http")  # noqa: E731
    monkeypatch.setattr(program.open_services.vault_access, "_connect", connect)
    with kms_origin() as origin:
        body = {**PROOF, "endpoint": origin.endpoint, "key_id": KEY_ID, "access_key_id": ACCESS_KEY_ID}
        answer = owner.send("PUT", "/vault/kms", {**body, "access_key_secret": ACCESS_KEY_SECRET})
        assert answer.status_code == 200
        assert ACCESS_KEY_ID not in answer.get_data(as_text=True)
        assert ACCESS_KEY_SECRET not in answer.get_data(as_text=True)
        detail = next(way["detail"] for way in answer.get_json()["wrappers"] if way["kind"] == "kms")
        assert detail == f"{origin.endpoint} · {KEY_ID}"
        keys = unlock_by_kms(program.folder, AccessKey(ACCESS_KEY_ID, ACCESS_KEY_SECRET), connect=connect)
        assert keys == program.open_services.keys
        (record,) = recorded(program, "vault.kms.enable")
        assert ACCESS_KEY_SECRET not in str(record)
    off = owner.send("DELETE", "/vault/kms", PROOF).get_json()
    assert [way["kind"] for way in off["wrappers"]] == ["passphrase"]


def test_the_key_service_opens_a_locked_store_and_the_page_is_told_only_where_it_may(
    owner, program, no_keychain, monkeypatch, tmp_path
):
    right = {"access_key_id": ACCESS_KEY_ID, "access_key_secret": ACCESS_KEY_SECRET}
    with trusted_kms(tmp_path, monkeypatch) as origin:
        stranger = open_browser(program)
        program.lock()
        assert stranger.api("/status")["opens_by_kms"] is False
        assert stranger.post("/vault/unlock-by-kms", right).get_json()["code"] == "vault.kms_not_enabled"
        program.unlock(PASSPHRASE)
        assert (
            owner.send("PUT", "/vault/kms", {**PROOF, "endpoint": origin.endpoint, "key_id": KEY_ID, **right}).status_code == 200
        )
        keys = program.open_services.keys
        assert stranger.api("/status")["opens_by_kms"] is False  # it is open: who is not signed in need not know
        program.lock()
        assert stranger.api("/status")["opens_by_kms"] is True
        wrong = stranger.post("/vault/unlock-by-kms", {**right, "access_key_secret": "another"})
        assert (wrong.status_code, wrong.get_json()["code"], program.services) == (403, "vault.kms_refused", None)
        opened = stranger.post("/vault/unlock-by-kms", right)
        assert (opened.status_code, opened.get_json()["state"]) == (200, "unlocked")  # and signs nobody in
        assert program.open_services.keys == keys
    assert recorded(program, "vault.unlock")[0].what["method"] == "kms"


def test_a_damaged_vault_keeps_nobody_from_asking_for_the_state(program):
    program.lock()
    program.folder.vault_file.write_text("no document")
    assert open_browser(program).api("/status")["opens_by_kms"] is False


def test_an_endpoint_is_a_bare_host(owner):
    for endpoint in ("http://kms.example", "kms.example/path", "user@kms.example", "kms.example:x", "", "-kms"):
        body = {**PROOF, "endpoint": endpoint, "key_id": "k", "access_key_id": "a", "access_key_secret": "s"}
        assert owner.send("PUT", "/vault/kms", body).get_json()["code"] == "web.request_invalid"

"""What opens the store besides the pass phrase: this user's keychain and the key service at the start, the code when asked."""

from __future__ import annotations

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import trustme

from quantbox.core.clock import SHANGHAI, FixedClock
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.core.program_file import find_program
from quantbox.desktop.ports import ClaimedPort
from quantbox.desktop.supervisor import Commands, Supervisor
from quantbox.vault import service as vault
from quantbox.vault.access import VaultAccess
from quantbox.vault.errors import KmsUnreachable
from quantbox.vault.models import AccessKey, KmsAddress
from quantbox.vault.service import create, unlock
from quantbox.vault.wrappers import aliyun_kms
from tests.desktop.test_supervisor import PHRASE, Program, start, wait_until  # noqa: F401 - start is a fixture
from tests.vault.conftest import MemoryKeychain, ToldSignIns, use
from tests.vault.kms_origin import ACCESS_KEY_ID, ACCESS_KEY_SECRET, KEY_ID, kms_origin

MACHINE = """
import certifi, keyring
from tests.vault.conftest import MemoryKeychain
keychain = MemoryKeychain()
keychain.kept = {kept!r}
keyring.set_keyring(keychain)
if {authority!r}:
    certifi.where = lambda: {authority!r}
"""


def access_to(folder: DataFolder, connect=aliyun_kms.connect) -> VaultAccess:
    create(folder, PHRASE)
    clock = FixedClock(datetime(2026, 11, 20, 15, 30, tzinfo=SHANGHAI))
    return VaultAccess(folder, unlock(folder, PHRASE), clock, ToldSignIns(), connect)


@pytest.fixture
def keychain():
    yield from use(MemoryKeychain())


def test_the_keychain_opens_the_store_at_the_start_and_a_locked_one_is_not_opened_again(start, data_folder, keychain):  # noqa: F811
    access_to(data_folder).enable_keychain(PHRASE)
    program = start(setup=MACHINE.format(kept=keychain.kept, authority=""))
    assert find_program(data_folder).state == "unlocked"
    assert program.said == program.url  # opening the store signs nobody in
    assert program.show()["keys"] == unlock(data_folder, PHRASE).to_pipe()
    assert wait_until(lambda: program.show()["unasked"]) == ["keychain"]
    program.wait_for_both()
    assert program.call("vault.lock") == {"result": {"state": "locked"}}
    assert program.show()["keys"] is None
    assert program.call("vault.unlock", passphrase=PHRASE) == {"result": {"state": "unlocked"}}


def test_promise_6_without_this_users_keychain_the_program_starts_locked(start, data_folder, keychain):  # noqa: F811
    access_to(data_folder).enable_keychain(PHRASE)
    program = start(setup=MACHINE.format(kept={}, authority=""))
    assert find_program(data_folder).state == "locked"
    assert program.show()["keys"] is None


def test_a_store_that_a_command_holds_is_opened_by_the_keychain_later(start, data_folder, keychain):  # noqa: F811
    access_to(data_folder).enable_keychain(PHRASE)
    command = FileLock(data_folder.lock_file)
    assert command.acquire()
    program = start(setup=MACHINE.format(kept=keychain.kept, authority="") + "key_holder.KEYCHAIN_SECONDS = 0.2\n")
    assert find_program(data_folder).state == "locked"
    command.release()
    wait_until(lambda: find_program(data_folder).state == "unlocked")
    assert program.show()["keys"]


def test_the_key_service_opens_the_store_at_the_start_with_the_access_key_of_the_keychain(start, data_folder, keychain, tmp_path):  # noqa: F811
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    plain = lambda address, key: aliyun_kms.AliyunKms(address, key, protocol="http")  # noqa: E731
    with kms_origin() as origin:
        address, access_key = KmsAddress(origin.endpoint, KEY_ID), AccessKey(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        access_to(data_folder, plain).enable_kms(PHRASE, address, access_key)
        origin.socket = context.wrap_socket(origin.socket, server_side=True)  # the program itself speaks TLS only
        program = start(setup=MACHINE.format(kept=keychain.kept, authority=str(tmp_path / "authority.pem")))
        wait_until(lambda: find_program(data_folder).state == "unlocked")
        assert program.show()["keys"] == unlock(data_folder, PHRASE).to_pipe()
        assert wait_until(lambda: program.show()["unasked"]) == ["kms"]
        program.call("vault.lock")
        asked = {"access_key_id": ACCESS_KEY_ID, "access_key_secret": "another"}
        assert program.call("vault.unlock_by_kms", **asked) == {"error": "vault.kms_refused", "kind": "denied"}
        asked["access_key_secret"] = ACCESS_KEY_SECRET
        assert program.call("vault.unlock_by_kms", **asked) == {"result": {"state": "unlocked"}}


def test_the_recovery_code_opens_the_store_and_a_wrong_one_does_not(start, data_folder):  # noqa: F811
    access = access_to(data_folder)
    kit = access.make_recovery_kit(PHRASE)
    access.confirm_recovery_kit([kit.code.split("-")[number - 1] for number in kit.confirm])
    program = start()
    wrong = "00001-00002-00003-00004-00005-00006-00VMN"
    assert program.call("vault.unlock_by_recovery", code=wrong) == {"error": "vault.recovery_code_wrong", "kind": "denied"}
    assert program.call("vault.unlock_by_recovery", code=kit.code) == {"result": {"state": "unlocked"}}
    assert program.show()["keys"] == unlock(data_folder, PHRASE).to_pipe()


def test_locking_never_waits_for_a_key_service_that_does_not_answer(data_folder, monkeypatch):
    """Anybody may ask for the service; whoever kept asking would have kept the owner from locking."""
    access_to(data_folder)
    asked, answer = threading.Event(), threading.Event()

    def wait_for_service(_folder, _access_key):
        asked.set()
        assert answer.wait(10)
        raise KmsUnreachable(endpoint="kms.example")

    monkeypatch.setattr(vault, "unlock_by_kms", wait_for_service)
    with ClaimedPort(None) as port:
        supervisor = Supervisor(data_folder, port, Commands((), (), ()), is_demo=False)
    holder = supervisor._holder
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(holder.unlock_by_kms, "id", "secret")
        assert asked.wait(10)
        try:
            assert pool.submit(holder.lock).result(timeout=2) == {"state": "locked"}
        finally:
            answer.set()
            supervisor._end()
        assert isinstance(asking.exception(10), KmsUnreachable)

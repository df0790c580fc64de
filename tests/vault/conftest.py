"""Fixtures of the vault: a keychain in memory, sign-ins that remember what they were told, a vault made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from quantbox.app.services import build_services
from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.vault.access import VaultAccess
from quantbox.vault.errors import PassphraseWrong
from quantbox.vault.service import create, unlock
from tests.program import PASSPHRASE

PHRASE = "correct horse 电池 staple"
NEW_PHRASE = "石板渡口 seven owls"


class MemoryKeychain(KeyringBackend):
    """What the operating system's keychain does, in memory."""

    priority = 9  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


class ToldSignIns:
    """Stands for those who sign people in: remembers what the vault told them."""

    def __init__(self) -> None:
        self.ended: list[str | None] = []

    def refuse_owners_password(self, passphrase: str) -> None:
        if passphrase == "the owner's own password":
            raise PassphraseWrong

    def end_everybodys_but(self, session_key: str | None) -> None:
        self.ended.append(session_key)


def use(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """Let keyring use `backend` until the test ends."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def keychain() -> Iterator[KeyringBackend]:
    """A machine with a keychain."""
    yield from use(MemoryKeychain())


@pytest.fixture
def no_keychain() -> Iterator[KeyringBackend]:
    """A machine without a desktop session: what keyring itself falls back to."""
    from keyring.backends.fail import Keyring

    yield from use(Keyring())


@pytest.fixture(scope="session")
def made_vault(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The text of a vault under PHRASE; tests work on their copy."""
    folder = DataFolder(tmp_path_factory.mktemp("made-vault"))
    create(folder, PHRASE, clock=FixedClock(datetime(2026, 11, 20, 7, 30, tzinfo=UTC)))
    return folder.vault_file.read_bytes()


@pytest.fixture
def vault(made_vault: bytes, data_folder: DataFolder) -> DataFolder:
    """A data folder with a vault under PHRASE."""
    data_folder.vault_file.write_bytes(made_vault)
    return data_folder


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new store under tests.program.PASSPHRASE, and what it leaves in the user's state folder."""
    made = tmp_path_factory.mktemp("made-store")
    folder, clock = DataFolder(made / "store"), FixedClock(datetime(2026, 11, 20, 7, 30, tzinfo=UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(made / "state"))
        (made / "state").mkdir()
        keys = create(folder, PASSPHRASE, clock=clock)
        build_services(folder, keys, bus=LocalBus(), clock=clock, owner="test").close()
    return made


def copy_of(made_store: Path, folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the made store into `folder`, and its end of the audit log into a state folder of this test's own."""
    shutil.copytree(made_store / "store", folder.root, dirs_exist_ok=True)
    state = shutil.copytree(made_store / "state", folder.root.with_name("state"))
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


@pytest.fixture
def sign_ins() -> ToldSignIns:
    return ToldSignIns()


@pytest.fixture
def access(vault: DataFolder, clock: FixedClock, sign_ins: ToldSignIns) -> VaultAccess:
    """The ways into the open vault."""
    return VaultAccess(vault, unlock(vault, PHRASE), clock, sign_ins)

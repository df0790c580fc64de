"""Rotation in one process: everything under new keys, nothing left under the old ones, and nothing changed where it is refused."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, String, text

from quantbox.app.services import Services, build_services
from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.database import Base, dbapi, open_engine
from quantbox.core.database.rekeying import copied_under_key
from quantbox.core.disk import DiskTooSmall
from quantbox.core.paths import DataFolder
from quantbox.jobs.queue import make_queue
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault import changes
from quantbox.vault.access import VaultAccess
from quantbox.vault.document import VaultDocument, read_document
from quantbox.vault.errors import FieldDamaged, KmsRefused, PassphraseShort, PassphraseWrong, RecoveryCodeWrong, RecoveryKitVoid
from quantbox.vault.fields import FieldCipher, Place
from quantbox.vault.models import AccessKey, Keys, KmsAddress
from quantbox.vault.recovery_code import split_code
from quantbox.vault.rotation import rotating
from quantbox.vault.rotation.epochs import epoch_database, key_set, settle
from quantbox.vault.rotation.rotating import Rotation, rotate
from quantbox.vault.service import unlock, unlock_by_keychain, unlock_by_kms, unlock_by_recovery
from quantbox.vault.wrappers.aliyun_kms import AliyunKms
from tests.vault.conftest import MemoryKeychain
from tests.vault.kms_origin import ACCESS_KEY_ID, ACCESS_KEY_SECRET, KEY_ID, kms_origin

PART1_STORE = Path(__file__).parent / "part1_store"
PASSPHRASE = "correct horse 青石板渡口"
NEW_PASSPHRASE = "another horse 乌篷船码头"
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@contextmanager
def opened(folder: DataFolder, keys: Keys) -> Iterator[Services]:
    services = build_services(folder, keys, bus=LocalBus(), clock=FixedClock(NOW), owner="test", is_throw_away=True)
    try:
        yield services
    finally:
        services.close()


class Nobody:
    """Signs nobody in."""

    def refuse_owners_password(self, passphrase: str) -> None:
        """Refuse nothing."""

    def end_everybodys_but(self, session_key: str | None) -> None:
        """End nothing."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keys, str]:
    """A store that lived: of part 1, upgraded, with credentials and a confirmed recovery kit; its keys and the kit's code."""
    folder = DataFolder(Path(shutil.copytree(PART1_STORE, tmp_path_factory.mktemp("made") / "store")))
    keys = unlock(folder, PASSPHRASE)
    with opened(folder, keys) as services:
        services.credentials.put(OWNER_ACCOUNT, "broker", {"token": "first"})
        services.credentials.put(OWNER_ACCOUNT, "broker", {"token": "second"})
        services.credentials.put(OWNER_ACCOUNT, "offsite.s3", {"secret": "s3"})
    queue = make_queue(folder.database, keys.database)
    queue.wake("0" * 32)
    queue.close()
    access = VaultAccess(folder, keys, FixedClock(NOW), Nobody())
    kit = access.make_recovery_kit(PASSPHRASE)
    groups = split_code(kit.code)
    access.confirm_recovery_kit([groups[number - 1] for number in kit.confirm])
    return folder.root, keys, kit.code


@pytest.fixture
def store(made: tuple[Path, Keys, str], tmp_path: Path) -> DataFolder:
    return DataFolder(Path(shutil.copytree(made[0], tmp_path / "store")))


@pytest.fixture
def old_keys(made: tuple[Path, Keys, str]) -> Keys:
    return made[1]


def turn(folder: DataFolder, **options: Any) -> Rotation:
    return rotate(folder, PASSPHRASE, Base.metadata, FixedClock(NOW), **options)


def content(folder: DataFolder, keys: Keys) -> dict[str, Any]:
    """Return what only who has the keys can read."""
    with opened(folder, keys) as services:
        (row,) = services.backtesting.list_backtests(OWNER_ACCOUNT).items
        return {
            "backtest": services.backtesting.get(row["id"], OWNER_ACCOUNT, with_source=True),
            "result": services.backtesting.result(row["id"], OWNER_ACCOUNT),
            "credentials": {name: services.credentials.get(OWNER_ACCOUNT, name) for name in ("broker", "offsite.s3")},
        }


def files(folder: DataFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.root.iterdir() if path.is_file()}


def sealed_fields(folder: DataFolder, keys: Keys) -> dict[Place, bytes]:
    """Return every sealed field with its place, read by hand."""
    engine = open_engine(folder.database, keys.database)
    found: dict[Place, bytes] = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in (column for column in table.columns if "sealed" in column.info):
                for row in connection.execute(table.select().where(column.is_not(None))).mappings():
                    counted = column.info["sealed"]
                    place = Place(
                        table.name,
                        "/".join(str(row[key.name]) for key in table.primary_key),
                        column.name,
                        1 if counted is True else row[counted],
                    )
                    found[place] = row[column.name]
    engine.dispose()
    return found


def test_everything_says_the_same_under_other_keys_and_the_old_ones_open_nothing(store: DataFolder, old_keys: Keys) -> None:
    before, fields_before = content(store, old_keys), sealed_fields(store, old_keys)
    assert len(fields_before) == 5  # request, document, report, two credentials
    (store.root / "quantbox.db.before-0008").write_bytes(store.database.read_bytes())
    done = turn(store)
    assert (done.epoch, key_set(store)[1]) == (2, 2)
    assert unlock(store, PASSPHRASE) == done.keys
    assert not {getattr(old_keys, name) for name in vars(old_keys)} & {getattr(done.keys, name) for name in vars(done.keys)}
    fields_after = sealed_fields(store, done.keys)
    assert fields_after.keys() == fields_before.keys()
    for place, sealed in fields_after.items():
        with pytest.raises(FieldDamaged):
            FieldCipher(old_keys.fields).open(place, sealed)
        assert FieldCipher(done.keys.fields).open(place, sealed) == FieldCipher(old_keys.fields).open(place, fields_before[place])
    assert content(store, done.keys) == before
    for path in store.root.iterdir():
        if path.name.startswith("quantbox.db"):
            with pytest.raises(dbapi.KeyRefused):
                dbapi.connect(str(shutil.copy(path, store.root.parent / "tried.db")), old_keys.database)
    assert {name for name in files(store) if name.startswith("quantbox.db")} <= {
        "quantbox.db",
        "quantbox.db-wal",
        "quantbox.db-shm",
    }


def test_old_log_is_gone_where_a_killed_program_had_left_one(store: DataFolder, old_keys: Keys) -> None:
    left = dbapi.connect(str(store.database), old_keys.database)
    left.execute("UPDATE user_settings SET changed = changed")
    left.execute("DELETE FROM task")
    left.commit()
    kept = files(store)
    left.close()
    for name in ("quantbox.db", "quantbox.db-wal"):
        (store.root / name).write_bytes(kept[name])
    assert len(kept["quantbox.db-wal"]) > 0
    done = turn(store)
    assert not (store.root / "quantbox.db-wal").exists()
    engine = open_engine(store.database, done.keys.database)
    with engine.connect() as connection:  # what stood only in the log came along
        assert connection.execute(text("SELECT count(*) FROM task")).scalar_one() == 0
    engine.dispose()


def test_the_kit_is_made_anew_and_the_old_one_is_named_void(store: DataFolder, made: tuple[Path, Keys, str]) -> None:
    assert unlock_by_recovery(store, made[2]) == made[1]
    done = turn(store)
    with pytest.raises(RecoveryKitVoid):
        unlock_by_recovery(store, made[2])
    assert done.kit is not None
    with pytest.raises(RecoveryCodeWrong):  # it counts when it was confirmed from paper
        unlock_by_recovery(store, done.kit.code)
    groups = split_code(done.kit.code)
    access = VaultAccess(store, done.keys, FixedClock(NOW), Nobody())
    access.confirm_recovery_kit([groups[number - 1] for number in done.kit.confirm])
    assert unlock_by_recovery(store, done.kit.code) == done.keys
    with pytest.raises(RecoveryKitVoid):
        unlock_by_recovery(store, made[2])


def test_a_new_pass_phrase_comes_with_it(store: DataFolder) -> None:
    done = turn(store, new_passphrase=NEW_PASSPHRASE)
    assert unlock(store, NEW_PASSPHRASE) == done.keys
    with pytest.raises(PassphraseWrong):
        unlock(store, PASSPHRASE)


def test_a_change_prepared_under_the_old_keys_is_refused(store: DataFolder) -> None:
    prepared = changes.prepared(store, PASSPHRASE, NOW, changes.with_passphrase(NEW_PASSPHRASE))
    done = turn(store)
    with pytest.raises(Exception, match="changed"):
        VaultAccess(store, done.keys, FixedClock(NOW), Nobody()).apply(prepared)


def test_what_is_refused_leaves_every_byte(store: DataFolder, old_keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(store, old_keys):
        pass
    before = files(store)
    with pytest.raises(PassphraseWrong):
        rotate(store, NEW_PASSPHRASE, Base.metadata, FixedClock(NOW))
    with pytest.raises(PassphraseShort):
        turn(store, new_passphrase="short")

    def stop(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        turn(store, before_commit=stop)
    with monkeypatch.context() as patch:
        patch.setattr(rotating, "write_document", stop)
        with pytest.raises(OSError, match="No space"):
            turn(store)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1 << 30, 1 << 30, 100_000))  # type: ignore[attr-defined]
        with pytest.raises(DiskTooSmall):
            turn(store)
    after = {name: found for name, found in files(store).items() if not name.endswith("-shm")}
    assert {name: found for name, found in after.items() if found} == {
        name: found for name, found in before.items() if found and not name.endswith("-shm")
    }


def test_a_damaged_field_stops_it_before_anything_changes(store: DataFolder, old_keys: Keys) -> None:
    with opened(store, old_keys) as services, services.engine.begin() as connection:
        connection.execute(text("UPDATE backtests SET document = report"))
    with pytest.raises(FieldDamaged) as refusal:
        turn(store)
    assert (refusal.value.facts["table"], refusal.value.facts["column"]) == ("backtests", "document")
    assert key_set(store)[1] == 1
    assert not epoch_database(store, 2).exists()
    assert len(sealed_fields(store, old_keys)) == 5


def test_a_table_that_nobody_declares_stops_it(store: DataFolder, old_keys: Keys) -> None:
    with opened(store, old_keys) as services, services.engine.begin() as connection:
        connection.execute(text("CREATE TABLE forgotten (id TEXT PRIMARY KEY, sealed BLOB)"))
    with pytest.raises(ValueError, match="forgotten"):
        turn(store)
    assert key_set(store)[1] == 1


def test_every_sealed_column_is_binary_and_its_table_has_a_key() -> None:
    sealed = [column for table in Base.metadata.tables.values() for column in table.columns if "sealed" in column.info]
    assert {f"{column.table.name}.{column.name}" for column in sealed} >= {"backtests.request", "credentials.sealed"}
    for column in sealed:
        assert isinstance(column.type, LargeBinary), column
        assert list(column.table.primary_key), column
        assert column.info["sealed"] is True or column.info["sealed"] in column.table.columns, column
        assert all(isinstance(key.type, String) for key in column.table.primary_key), column


# --- the other ways to open ------------------------------------------------------------------------------------------


def connect(address: KmsAddress, access_key: AccessKey) -> AliyunKms:
    """Aliyun's SDK, speaking to the service on this machine."""
    return AliyunKms(address, access_key, protocol="http")


def test_keychain_and_key_service_are_made_anew_and_their_old_entries_are_gone(
    store: DataFolder, old_keys: Keys, keychain: MemoryKeychain
) -> None:
    with kms_origin() as origin:
        access = VaultAccess(store, old_keys, FixedClock(NOW), Nobody(), connect)
        access.enable_keychain(PASSPHRASE)
        access.enable_kms(PASSPHRASE, KmsAddress(origin.endpoint, KEY_ID), AccessKey(ACCESS_KEY_ID, ACCESS_KEY_SECRET))
        before = dict(keychain.kept)
        done = turn(store, connect=connect)
        assert unlock_by_keychain(store) == unlock_by_kms(store, connect=connect) == done.keys
        gone = before.keys() - keychain.kept.keys()
        assert (len(gone), len(keychain.kept)) == (1, 2)  # the key of this user, anew; the access key of the service, kept
        origin.is_enabled = False
        after = dict(keychain.kept)
        with pytest.raises(KmsRefused):
            turn(store, connect=connect)
        assert keychain.kept == after
        assert unlock(store, PASSPHRASE) == done.keys


def test_a_refused_rotation_leaves_the_keychain_as_it_was(store: DataFolder, old_keys: Keys, keychain: MemoryKeychain) -> None:
    VaultAccess(store, old_keys, FixedClock(NOW), Nobody()).enable_keychain(PASSPHRASE)
    before = dict(keychain.kept)

    def stop(_keys: Keys) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        turn(store, before_commit=stop)
    assert keychain.kept == before
    assert unlock_by_keychain(store) == old_keys


# --- recovery --------------------------------------------------------------------------------------------------------


def test_a_copy_that_was_not_committed_is_thrown_away(store: DataFolder, old_keys: Keys) -> None:
    before = content(store, old_keys)
    epoch_database(store, 2).write_bytes(b"half a database")
    settle(store)
    assert not epoch_database(store, 2).exists()
    assert content(store, old_keys) == before


def test_a_copy_that_was_committed_takes_the_name_and_the_old_log_goes_first(
    store: DataFolder, old_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(store, old_keys)
    with monkeypatch.context() as patch:  # cut off right after the commit point
        patch.setattr(rotating, "settle", lambda _folder: None)
        done = turn(store)
    assert epoch_database(store, 2).exists()
    (store.root / "quantbox.db-wal").write_bytes(secrets.token_bytes(4096))
    settle(store)
    assert not epoch_database(store, 2).exists()
    assert not (store.root / "quantbox.db-wal").exists()
    assert content(store, done.keys) == before


def test_a_vault_without_leftovers_is_not_even_read(store: DataFolder) -> None:
    store.vault_file.write_text("no document")
    settle(store)


def test_the_copy_lies_alone_while_it_is_written(store: DataFolder, old_keys: Keys, tmp_path: Path) -> None:
    target = tmp_path / "alone" / "copy.db"
    target.parent.mkdir()
    with copied_under_key(store.database, old_keys.database, target, bytes(32), lambda _fraction: None) as copy:
        copy.execute("UPDATE backtests SET title = hex(randomblob(90000))")
        assert [path.name for path in target.parent.iterdir()] == ["copy.db"]
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]


def test_document_of_the_new_epoch_says_when(store: DataFolder) -> None:
    turn(store)
    document = read_document(store.vault_file)
    assert isinstance(document, VaultDocument)
    assert (document.epoch, document.rotated_at, document.pending_kit is not None) == (2, NOW.isoformat(), True)

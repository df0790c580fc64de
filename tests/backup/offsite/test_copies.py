"""Backups are copied off-site as they are, thinned out by the same rules, and fetched again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from quantbox.app.services import Services
from quantbox.backup.offsite.errors import CopyNotFound, ObjectDamaged
from quantbox.backup.offsite.models import OffsiteKind, OffsiteSettings
from quantbox.core.clock import FixedClock
from tests.backup.store import OWNER, silent


@pytest.fixture
def nas(tmp_path: Path) -> Path:
    folder = tmp_path / "nas"
    folder.mkdir()
    return folder


@pytest.fixture
def offsite(services: Services, nas: Path) -> Services:
    services.offsite.change(OWNER, OffsiteSettings(OffsiteKind.FOLDER, {"path": str(nas)}), None)
    return services


def make(services: Services, *, is_scheduled: bool = False) -> Path:
    return Path(services.backups.create(OWNER, silent, is_scheduled=is_scheduled)["path"])


def copies(nas: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in nas.rglob("*.qbbackup")}


def test_a_backup_is_copied_as_it_is_and_listed(offsite: Services, nas: Path) -> None:
    path = make(offsite)
    offsite.offsite.send_copies()
    assert copies(nas) == {path.name: path.read_bytes()}
    (one,) = offsite.offsite.overview(OWNER)["backups"]
    assert (one["name"], one["sent_at"], one["is_here"], one["bytes"]) == (
        path.name,
        offsite.clock.now(),
        True,
        path.stat().st_size,
    )


def test_switching_on_copies_the_newest_backup_alone(services: Services, nas: Path) -> None:
    clock = services.clock
    assert isinstance(clock, FixedClock)
    make(services)
    clock.advance(60)
    newest = make(services)
    services.offsite.change(OWNER, OffsiteSettings(OffsiteKind.FOLDER, {"path": str(nas)}), None)
    services.offsite.send_copies()
    assert list(copies(nas)) == [newest.name]


def test_copies_can_be_left_out(offsite: Services, nas: Path) -> None:
    offsite.offsite.change(OWNER, replace(offsite.offsite.choices.get(OWNER), copies_backups=False), None)
    make(offsite)
    offsite.offsite.send_copies()
    assert copies(nas) == {}


def test_scheduled_copies_are_thinned_out_by_the_schedule_and_those_by_hand_stay(offsite: Services, nas: Path) -> None:
    clock = offsite.clock
    assert isinstance(clock, FixedClock)
    offsite.backups.schedules.change(OWNER, {"keep_daily": 2, "keep_weekly": 0, "keep_monthly": 0})
    by_hand = make(offsite)
    made = []
    for _ in range(3):
        clock.advance(timedelta(days=1).total_seconds())
        made.append(make(offsite, is_scheduled=True).name)
        offsite.offsite.send_copies()
    assert set(copies(nas)) == {by_hand.name, *made[1:]}


def test_a_copy_is_fetched_verified_and_opens_though_the_file_here_was_deleted(offsite: Services, nas: Path) -> None:
    path = make(offsite)
    content = path.read_bytes()
    offsite.offsite.send_copies()
    offsite.backups.delete(path.name)
    assert offsite.backups.list_backups() == []
    ended = offsite.job_runner.run(offsite.offsite.submit_fetch(path.name, OWNER).id)
    assert ended is not None
    assert ended.state.value == "succeeded", ended.reason
    assert path.read_bytes() == content
    assert offsite.backups.verify(path.name)["ok"] is True
    assert copies(nas) == {path.name: content}


def test_a_copy_changed_there_is_refused(offsite: Services, nas: Path) -> None:
    path = make(offsite)
    offsite.offsite.send_copies()
    offsite.backups.delete(path.name)
    (there,) = nas.rglob(path.name)
    content = bytearray(there.read_bytes())
    content[-1] ^= 1
    for changed in (content, bytes(content) + b"\0", content[:-1]):
        there.write_bytes(changed)
        with pytest.raises(ObjectDamaged):
            offsite.offsite.fetch(path.name, OWNER, silent)
        assert list(offsite.folder.backups.iterdir()) == []
    with pytest.raises(CopyNotFound):
        offsite.offsite.fetch("../vault.json", OWNER, silent)


def test_copies_a_restored_store_does_not_know_are_found_there(
    offsite: Services, nas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(offsite)
    offsite.offsite.send_copies()
    (there,) = nas.rglob(path.name)
    later = there.with_name("quantbox-20270101-180000.qbbackup")
    later.write_bytes(there.read_bytes())
    (there.parent / "photo.jpg").write_bytes(b"")
    beyond = there.with_name("quantbox-20270102-180000.qbbackup")
    beyond.write_bytes(there.read_bytes() + b"\0")
    monkeypatch.setattr("quantbox.backup.offsite.copies._LARGEST_BYTES", there.stat().st_size)
    offsite.offsite.change(OWNER, OffsiteSettings(), None)
    offsite.offsite.change(OWNER, OffsiteSettings(OffsiteKind.FOLDER, {"path": str(nas)}), None)
    offsite.offsite.send_copies()
    assert [one["name"] for one in offsite.offsite.overview(OWNER)["backups"]] == [later.name, path.name]
    offsite.offsite.fetch(later.name, OWNER, silent)
    assert (offsite.folder.backups / later.name).read_bytes() == there.read_bytes()
    offsite.offsite.delete_copy(later.name, OWNER)
    assert set(copies(nas)) == {path.name, beyond.name}

"""Strategy versions follow at once (issue 3, backup): queued with the submit, sealed, sent once, whatever is cut off."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from quantbox.app.rotation.rotating import rotate_store
from quantbox.app.services import Services
from quantbox.backup.errors import OutboundPaused
from quantbox.backup.offsite.objects import path_of
from quantbox.backup.offsite.sealing import SealedObject
from quantbox.backup.offsite.sender import OBJECT_SECONDS, SenderThread
from quantbox.backup.offsite.tables import OffsiteObjectRow
from quantbox.backup.tables import RestoreRow
from quantbox.core.clock import FixedClock
from quantbox.vault.service import unlock_document
from tests.backup.offsite.places import SECRET, WebDav, status
from tests.backup.offsite.store import MARKER, SOURCE, finish, open_store, submit
from tests.backup.store import OWNER, PASSPHRASE


@pytest.fixture
def offsite(services: Services, dav: WebDav) -> Services:
    """The store, with the WebDAV server as its other place."""
    services.offsite.change(OWNER, dav.settings(), SECRET)
    return services


def names(services: Services) -> list[str]:
    with services.sessions() as session:
        return list(session.scalars(select(OffsiteObjectRow.name)))


def objects(dav: WebDav) -> list[str]:
    return [path.rsplit("/", 1)[1] for path in dav.files() if "/objects/" in path]


def test_a_submitted_strategy_waits_and_is_sent_at_the_next_look(offsite: Services, dav: WebDav) -> None:
    assert offsite.offsite.state(OWNER)["waiting"] == 0
    submit(offsite)
    assert offsite.offsite.state(OWNER)["waiting"] == 1
    offsite.offsite.send_objects()
    state = offsite.offsite.state(OWNER)
    assert (state["waiting"], state["objects"], state["last_sent_at"], state["failing_since"]) == (
        0,
        1,
        offsite.clock.now(),
        None,
    )
    assert objects(dav) == names(offsite)


def test_what_lies_there_tells_nothing_and_opens_by_the_pass_phrase_alone(offsite: Services, dav: WebDav) -> None:
    submit(offsite)
    offsite.offsite.send_objects()
    (name,) = names(offsite)
    for path, content in dav.files().items():
        for secret in (MARKER, "独门策略", "backtrader", "600000"):
            for coding in ("utf-8", "utf-16-le", "gbk"):
                assert secret.encode(coding) not in content
            assert secret not in path
    (sealed,) = [content for path, content in dav.files().items() if path.endswith(path_of(name))]
    found = SealedObject.parse(sealed, name)
    archive_key = unlock_document(found.vault, passphrase=PASSPHRASE).archive
    assert SOURCE.encode("ascii", "backslashreplace").split(b"#")[0].replace(b"\n", b"\\n") in found.open(
        "version", found.key_by(archive_key)
    )


def test_the_same_strategy_is_one_object_however_often_it_is_submitted(offsite: Services, dav: WebDav) -> None:
    submit(offsite)
    submit(offsite, file_name="renamed.py")
    offsite.offsite.send_objects()
    submit(offsite)
    offsite.offsite.send_objects()
    submit(offsite, SOURCE + "# other\n")
    offsite.offsite.send_objects()
    assert (len(objects(dav)), len(names(offsite))) == (2, 2)


def test_a_submit_that_fails_queues_nothing(offsite: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_words: object, **_more: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr("quantbox.backup.offsite.objects.OffsiteObjectRow.__init__", fail)
    with pytest.raises(OSError, match="disk"):
        submit(offsite)
    assert offsite.backtesting.list_backtests(OWNER).items == []
    assert names(offsite) == []


def test_while_it_is_off_nothing_waits_and_switching_on_queues_every_version(services: Services, dav: WebDav) -> None:
    submit(services)
    submit(services)
    submit(services, SOURCE + "# other\n")
    assert names(services) == []
    services.offsite.change(OWNER, dav.settings(), SECRET)
    assert len(names(services)) == 2
    services.offsite.send_objects()
    assert len(objects(dav)) == 2


def test_offline_it_is_tried_after_growing_delays_and_says_since_when_and_why(offsite: Services, dav: WebDav) -> None:
    clock = offsite.clock
    assert isinstance(clock, FixedClock)
    submit(offsite)
    dav.gate = status("503 Service Unavailable")
    begun = clock.now()
    waits = []
    for _ in range(9):
        offsite.offsite.send_objects()
        state = offsite.offsite.state(OWNER)
        assert (state["failing_since"], state["waiting"]) == (begun, 1)
        assert "503" in state["error"]["en"]
        waits.append((state["next_attempt_at"] - clock.now()).total_seconds())
        clock.advance(waits[-1] - 1)
        tried = len(dav.puts)
        offsite.offsite.send_objects()
        assert len(dav.puts) == tried, "not before the delay is over"
        clock.advance(1)
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1800, 1800]
    assert offsite.offsite.is_failing_too_long(OWNER) is False
    clock.advance(86_400)
    assert offsite.offsite.is_failing_too_long(OWNER) is True
    dav.gate = None
    offsite.offsite.send_objects()
    state = offsite.offsite.state(OWNER)
    assert (state["waiting"], state["failing_since"], state["error"]) == (0, None, None)
    assert offsite.offsite.is_failing_too_long(OWNER) is False


def test_while_nothing_answers_it_is_tried_every_minute(offsite: Services, dav: WebDav) -> None:
    offsite.offsite.change(OWNER, dav.settings(endpoint="http://127.0.0.1:9"), SECRET)
    clock = offsite.clock
    assert isinstance(clock, FixedClock)
    submit(offsite)
    waits = []
    for _ in range(5):
        offsite.offsite.send_objects()
        waits.append((offsite.offsite.state(OWNER)["next_attempt_at"] - clock.now()).total_seconds())
        clock.advance(waits[-1])
    assert waits == [15, 30, 60, 60, 60]


def test_after_a_restore_nothing_leaves_until_the_owner_confirms(offsite: Services, dav: WebDav) -> None:
    with offsite.sessions.begin() as session:
        moment = offsite.clock.now()
        row = RestoreRow(id="1", account_id=OWNER, restored_at=moment, backup_created_at=moment, backup_sha256="0" * 64)
        row.settled_at = moment
        session.add(row)
    submit(offsite)
    offsite.offsite.send_objects()
    offsite.offsite.send_copies()
    for act in (lambda: offsite.offsite.test(OWNER), lambda: offsite.offsite.send_now(OWNER)):
        with pytest.raises(OutboundPaused):
            act()
    assert (dav.files(), dav.puts) == ({}, [])
    offsite.outbound.resume()
    offsite.offsite.send_objects()
    assert len(objects(dav)) == 1


def test_an_object_changed_in_transit_does_not_count_as_sent(offsite: Services, dav: WebDav) -> None:
    def damage(environ: dict[str, Any], _start_response: Any) -> None:
        if environ["REQUEST_METHOD"] == "GET":
            for path in dav.folder.rglob("*"):
                if path.is_file():
                    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    submit(offsite)
    dav.gate = damage
    offsite.offsite.send_objects()
    state = offsite.offsite.state(OWNER)
    assert (state["waiting"], state["objects"]) == (1, 0)
    assert "damaged" in state["error"]["en"]


def test_a_version_that_always_fails_does_not_hold_up_the_others(offsite: Services, dav: WebDav) -> None:
    submit(offsite)
    (bad,) = names(offsite)
    dav.gate = lambda environ, start: status("413 Too Large")(environ, start) if bad in environ["PATH_INFO"] else None
    offsite.offsite.send_objects()
    submit(offsite, SOURCE + "# other\n")  # is tried at once, whatever delay the failure before began
    offsite.offsite.send_objects()
    assert offsite.offsite.state(OWNER)["objects"] == 1


def test_the_manifest_comes_after_the_objects_and_names_them(offsite: Services, dav: WebDav) -> None:
    submit(offsite)
    offsite.offsite.send_objects()
    assert [path.split("/")[3] for path in dav.puts] == ["objects", "manifests"]
    submit(offsite, SOURCE + "# other\n")
    submit(offsite, SOURCE + "# third\n")
    offsite.offsite.send_objects()
    manifests = {path.rsplit("/", 1)[1]: content for path, content in dav.files().items() if "/manifests/" in path}
    assert sorted(manifests) == ["000000000001", "000000000002"]
    newest = SealedObject.parse(manifests["000000000002"], "000000000002")
    listed = json.loads(newest.open("manifest", newest.key_by(offsite.keys.archive)))["objects"]
    lying = {
        path.rsplit("/", 1)[1]: hashlib.sha256(content).hexdigest()
        for path, content in dav.files().items()
        if "/objects/" in path
    }
    assert {one["name"]: one["sha256"] for one in listed} == lying
    submit(offsite, SOURCE + "# fourth\n")
    offsite.offsite.send_objects()
    assert sorted(path.rsplit("/", 1)[1] for path in dav.files() if "/manifests/" in path) == ["000000000002", "000000000003"]


def test_another_place_gets_everything_anew(offsite: Services, dav: WebDav) -> None:
    submit(offsite)
    offsite.offsite.send_objects()
    before = objects(dav)
    offsite.offsite.change(OWNER, dav.settings(root="moved"), None)
    assert offsite.offsite.state(OWNER)["waiting"] == 1
    offsite.offsite.send_objects()
    assert sorted(objects(dav)) == sorted(before * 2)


def test_a_rotation_leaves_objects_their_names_and_the_store_opens_them_still(
    services: Services, dav: WebDav, tmp_path: Path
) -> None:
    services.offsite.change(OWNER, dav.settings(), SECRET)
    submit(services)
    services.offsite.send_objects()
    report = submit(services, SOURCE + "# other\n")
    document = finish(services, report)
    newer = submit(services)
    finish(services, newer)
    services.offsite.change(OWNER, replace(dav.settings(), keep_reports=1), None)
    services.offsite.send_objects()
    before, waiting = set(objects(dav)), submit(services, SOURCE + "# waits\n")
    assert services.backtesting.shelf.archived(OWNER) == [report]
    services.close()
    rotated = rotate_store(services.folder, PASSPHRASE, new_passphrase=None, progress=lambda *_: None, is_throw_away=True)
    assert rotated.keys.archive != services.keys.archive
    after = open_store(services.folder.root, rotated.keys)
    try:
        submit(after)
        after.offsite.send_objects()
        assert len(set(objects(dav)) - before) == 1, "the one that waited; what was sent before keeps its name"
        assert after.backtesting.get(waiting, OWNER)["state"] == "queued"
        after.offsite.bring_back(report, OWNER)
        assert after.backtesting.result(report, OWNER).document == document
        with after.sessions() as session:
            kept = session.scalars(select(OffsiteObjectRow.sealed_key)).all()
        assert all(services.keys.archive not in one for one in kept)
    finally:
        after.close()


_SENDER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from quantbox.core.clock import SystemClock
from quantbox.vault.models import Keys
from tests.backup.offsite.store import open_store
keys = Keys(**{{name: bytes.fromhex(key) for name, key in {keys!r}.items()}})
services = open_store(Path({data!r}), keys, SystemClock())
print("ready", flush=True)
services.offsite.send_objects()
"""


def test_a_worker_killed_while_it_sends_leaves_one_whole_object_in_the_end(offsite: Services, dav: WebDav) -> None:
    submit(offsite)
    (name,) = names(offsite)
    reached, go_on = threading.Event(), threading.Event()

    def hold(environ: dict[str, Any], _start_response: Any) -> None:
        if environ["REQUEST_METHOD"] == "GET" and name in environ["PATH_INFO"] and not go_on.is_set():
            reached.set()  # the object is there, and the row does not say so yet
            go_on.wait(60)

    dav.gate = hold
    keys = {one.name: getattr(offsite.keys, one.name).hex() for one in fields(offsite.keys)}
    program = _SENDER.format(root=str(Path.cwd()), keys=keys, data=str(offsite.folder.root))
    with subprocess.Popen([sys.executable, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as sender:
        assert sender.stdin is not None
        sender.stdin.write(program)
        sender.stdin.close()
        assert reached.wait(60)
        sender.kill()
    go_on.set()
    assert objects(dav) == [name]
    assert offsite.offsite.state(OWNER)["waiting"] == 1
    offsite.close()
    again = open_store(offsite.folder.root, offsite.keys)
    try:
        again.offsite.send_objects()
        assert (again.offsite.state(OWNER)["waiting"], objects(dav)) == (0, [name])
    finally:
        again.close()


def test_the_workers_thread_sends_within_a_minute(offsite: Services, dav: WebDav) -> None:
    thread = SenderThread("test", offsite.offsite.send_objects, every_seconds=0.05)
    thread.start()
    try:
        submit(offsite)
        deadline = time.monotonic() + 60
        while offsite.offsite.state(OWNER)["waiting"] and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        thread.stop()
    assert OBJECT_SECONDS <= 15
    assert len(objects(dav)) == 1

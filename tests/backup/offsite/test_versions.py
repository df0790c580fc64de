"""Strategy versions follow at once (issue 3, backup): queued with the submit, sealed, sent once, whatever is cut off."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from quantbox.app.services import Services
from quantbox.backup.offsite.objects import path_of
from quantbox.backup.offsite.sealing import SealedObject
from quantbox.backup.offsite.tables import OffsiteObjectRow
from quantbox.vault.service import unlock_document
from tests.backup.offsite.places import SECRET, WebDav
from tests.backup.offsite.store import MARKER, SOURCE, submit
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

"""Objects opened without their store are held against the newest manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quantbox.app.services import Services
from quantbox.backup.offsite.models import OffsiteKind, OffsiteSettings
from quantbox.backup.offsite.recovery import open_objects
from tests.backup.offsite.store import SOURCE, submit
from tests.backup.store import OWNER


def test_what_lies_there_is_compared_with_the_newest_manifest(services: Services, tmp_path: Path) -> None:
    nas = tmp_path / "nas"
    nas.mkdir()

    def look() -> dict[str, Any]:
        return open_objects(nas, tmp_path / "out", lambda _vault: services.keys)

    def found() -> list[Path]:
        return [path for path in nas.rglob("objects/*/*") if path.is_file()]

    services.offsite.change(OWNER, OffsiteSettings(OffsiteKind.FOLDER, {"path": str(nas)}), None)
    submit(services)
    services.offsite.send_objects()
    (first,) = found()
    before = first.read_bytes()
    first.unlink()
    opened = look()
    assert (opened["compared_with"], opened["missing"]) == (services.clock.now().isoformat(), [first.name])
    first.write_bytes(before)
    submit(services, SOURCE + "# other\n")
    services.offsite.send_objects()
    (second,) = (path for path in found() if path != first)
    for manifest in nas.rglob("manifests/000000000002"):
        manifest.write_bytes(manifest.read_bytes()[:-1])
    opened = look()
    assert (opened["damaged"], opened["missing"], opened["unlisted"]) == (["000000000002"], [], [second.name])
    (tmp_path / "out").rename(tmp_path / "earlier")
    for manifest in nas.rglob("manifests/*"):
        manifest.unlink()
    opened = look()
    assert (opened["compared_with"], opened["missing"], opened["unlisted"], len(opened["strategies"])) == (None, [], [], 2)

"""What the audit log may say of a place that was refused."""

from __future__ import annotations

from tests.audit.program import log_of
from tests.web.program import Program, new_program, open_browser, program, sign_in

__all__ = ["new_program", "program"]


def test_a_secret_typed_into_an_address_stays_out_of_the_log(program: Program) -> None:
    owner = sign_in(open_browser(program), program).step_up()
    for endpoint in ("https://wang:hunter2secret@dav.example/dav", "https://dav.example/dav?sig=hunter2secret"):
        body = {"kind": "webdav", "options": {"endpoint": endpoint, "user": "wang"}, "secret": "x"}
        refused = owner.send("PUT", "/offsite", body)
        assert (refused.status_code, refused.get_json()["code"]) == (400, "backup.offsite_invalid")
    records = [record for record in log_of(program) if record.act == "offsite.change"]
    assert [record.outcome for record in records] == ["refused", "refused"]
    assert "hunter2secret" not in "".join(record.facts for record in records)

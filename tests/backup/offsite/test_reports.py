"""Reports beyond the latest are archived off-site, and open again with one click (issue 3, backup)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from quantbox.app.services import Services
from quantbox.backtesting.errors import BacktestArchived
from quantbox.backtesting.tables import BacktestRow
from quantbox.backup.offsite.errors import ObjectDamaged, OffsiteHoldsReports, OffsiteOff, TargetObjectMissing
from quantbox.backup.offsite.models import OffsiteSettings
from quantbox.core.clock import FixedClock
from tests.backup.offsite.places import SECRET, WebDav, status
from tests.backup.offsite.store import MARKER, finish, submit
from tests.backup.store import OWNER

HALF_A_PAIR = f"{MARKER} \ud83d"


def columns(services: Services, backtest_id: str) -> tuple[bytes | None, bytes | None, str | None]:
    with services.sessions() as session:
        query = select(BacktestRow.document, BacktestRow.report, BacktestRow.archived_as).where(BacktestRow.id == backtest_id)
        row = session.execute(query).one()
    return row[0], row[1], row[2]


def finished(services: Services, count: int) -> list[str]:
    made = []
    for number in range(count):
        made.append(submit(services))
        finish(services, made[-1], 100.0 + number, HALF_A_PAIR)
    return made


@pytest.fixture
def archived(services: Services, dav: WebDav) -> tuple[Services, list[str]]:
    """Four results, of which the oldest two lie off-site."""
    made = finished(services, 4)
    services.offsite.change(OWNER, replace(dav.settings(), keep_reports=2), SECRET)
    services.offsite.send_objects()
    return services, made


def test_only_what_is_beyond_the_latest_leaves_and_the_row_stays_listed(
    archived: tuple[Services, list[str]], dav: WebDav
) -> None:
    services, made = archived
    assert [columns(services, one)[2] is not None for one in made] == [True, True, False, False]
    assert columns(services, made[0])[:2] == (None, None)
    rows = {row["id"]: row for row in services.backtesting.list_backtests(OWNER).items}
    assert [rows[one]["is_archived"] for one in made] == [True, True, False, False]
    assert [rows[one]["final_value"] for one in made] == [100.0, 101.0, 102.0, 103.0]
    with pytest.raises(BacktestArchived) as refusal:
        services.backtesting.result(made[0], OWNER)
    assert refusal.value.code == "backtesting.archived"
    assert services.backtesting.get(made[0], OWNER)["log"] == []
    assert all(MARKER.encode() not in content for content in dav.files().values())
    assert services.offsite.state(OWNER)["archived_reports"] == 2


def test_it_opens_again_as_it_was_and_stays_for_a_while(archived: tuple[Services, list[str]]) -> None:
    services, made = archived
    clock = services.clock
    assert isinstance(clock, FixedClock)
    services.offsite.bring_back(made[0], OWNER)
    result = services.backtesting.result(made[0], OWNER)
    assert result.document["final_value"] == 100.0
    assert result.document["trades"] == [{"symbol": MARKER, "price": 10.07, "size": -300}]
    assert result.report["log"] == [f"{MARKER} ?"]
    services.offsite.send_objects()
    assert columns(services, made[0])[2] is None
    clock.advance(31 * 86_400)
    services.offsite.send_objects()
    assert columns(services, made[0])[2] is not None
    services.offsite.bring_back(made[0], OWNER)


def test_every_archived_report_comes_back_by_one_job(archived: tuple[Services, list[str]]) -> None:
    services, made = archived
    ended = services.job_runner.run(services.offsite.submit_bring_back(OWNER).id)
    assert ended is not None
    assert ended.state.value == "succeeded"
    assert [columns(services, one)[2] for one in made] == [None] * 4


@pytest.mark.parametrize("gate", ["500 Failed", "403 Forbidden"])
def test_nothing_leaves_the_store_before_it_lies_there_and_reads_back(services: Services, dav: WebDav, gate: str) -> None:
    made = finished(services, 2)
    services.offsite.change(OWNER, replace(dav.settings(), keep_reports=1), SECRET)
    dav.gate = lambda environ, start: status(gate)(environ, start) if environ["REQUEST_METHOD"] == "GET" else None
    services.offsite.send_objects()
    document, report, archived_as = columns(services, made[0])
    assert document is not None
    assert report is not None
    assert archived_as is None
    assert services.offsite.state(OWNER)["failing_since"] is not None


def test_without_another_place_every_report_stays(services: Services) -> None:
    made = finished(services, 3)
    services.offsite.send_objects()
    assert all(columns(services, one)[0] is not None for one in made)
    with pytest.raises(OffsiteOff):
        services.offsite.bring_back(made[0], OWNER)


def test_a_report_changed_or_exchanged_there_is_refused_and_the_row_is_as_before(
    archived: tuple[Services, list[str]], dav: WebDav
) -> None:
    services, made = archived
    first, second = (columns(services, one)[2] for one in made[:2])
    (one,), (other,) = (list(dav.folder.rglob(name)) for name in (str(first), str(second)))
    whole = one.read_bytes()
    edited = bytearray(whole)
    edited[-40] ^= 1
    for content in (bytes(edited), whole[:-1], whole + b"\0", other.read_bytes(), b"", b"QBOBJECT\0\1\0\0\0\2{}"):
        one.write_bytes(content)
        with pytest.raises(ObjectDamaged):
            services.offsite.bring_back(made[0], OWNER)
        assert columns(services, made[0]) == (None, None, first)
    one.unlink()
    with pytest.raises(TargetObjectMissing):
        services.offsite.bring_back(made[0], OWNER)
    one.write_bytes(whole)
    services.offsite.bring_back(made[0], OWNER)


def test_the_place_is_not_left_while_reports_lie_there_alone(archived: tuple[Services, list[str]], dav: WebDav) -> None:
    services, _made = archived
    for settings in (OffsiteSettings(), dav.settings(root="elsewhere")):
        with pytest.raises(OffsiteHoldsReports):
            services.offsite.change(OWNER, settings, None)
    assert services.offsite.choices.get(OWNER).options["root"] == "backup"
    (dav.folder / "backup").rename(dav.folder / "elsewhere")
    services.offsite.change(OWNER, dav.settings(root="elsewhere"), None)


def test_the_report_of_a_deleted_backtest_is_deleted_there(archived: tuple[Services, list[str]], dav: WebDav) -> None:
    services, made = archived
    name = str(columns(services, made[0])[2])
    services.jobs.cancel(made[0], OWNER)
    services.backtesting.delete(made[0], OWNER)
    services.offsite.send_objects()
    assert list(dav.folder.rglob(name)) == []
    assert services.offsite.state(OWNER)["archived_reports"] == 1


def test_the_plain_export_has_archived_results_too_and_says_which_it_could_not_get(
    archived: tuple[Services, list[str]], dav: WebDav
) -> None:
    services, made = archived
    export = services.plain_export
    rows, left_out = export._with_documents(OWNER, services.backtesting.list_backtests(OWNER).items)
    assert left_out == []
    assert {row["id"]: row["document"]["final_value"] for row in rows if row["is_archived"]} == {made[0]: 100.0, made[1]: 101.0}
    dav.gate = status("503 Service Unavailable")
    _rows, left_out = export._with_documents(OWNER, services.backtesting.list_backtests(OWNER).items)
    assert {one["id"] for one in left_out} == set(made[:2])

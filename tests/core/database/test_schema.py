"""Migrations: from nothing, from an older file, and equal to what the table classes say."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

import quantbox
from quantbox.core.database import Base, open_engine, schema, upgrade
from quantbox.core.database.errors import SchemaNewer
from quantbox.core.paths import DataFolder

FOLDER = Path(schema.__file__).parent / "migrations"


@pytest.fixture
def older(data_folder: DataFolder, database_key: bytes) -> Engine:
    """A database at the first revision, with one job in it."""
    engine = open_engine(data_folder.database, database_key)
    upgrade(engine, "0001_jobs")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO jobs (id, account_id, kind, title, state, attempt, max_attempts, progress, stage, "
                "cancel_requested, created_at) VALUES ('old', 'owner', 'backtest', '旧任务', 'queued', 0, 2, 0, '', 0, "
                "'2026-11-20 07:30:00.000000')"
            )
        )
    return engine


def _import_all_tables() -> None:
    root = Path(quantbox.__path__[0])
    for file in root.rglob("tables.py"):
        importlib.import_module(".".join(["quantbox", *file.relative_to(root).with_suffix("").parts]))


def test_migrations_lead_to_what_the_table_classes_say(engine: Engine) -> None:
    _import_all_tables()
    assert "jobs" in Base.metadata.tables
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_constraints_are_those_of_the_table_classes(engine: Engine) -> None:
    _import_all_tables()
    for name, table in Base.metadata.tables.items():
        stored = {check["name"] for check in inspect(engine).get_check_constraints(name)}
        declared = {str(check.name) for check in table.constraints if type(check).__name__ == "CheckConstraint"}
        assert stored == declared, name


def test_fresh_file_gets_the_newest_schema_and_no_copy(data_folder: DataFolder, database_key: bytes) -> None:
    engine = open_engine(data_folder.database, database_key)
    assert schema.current_revision(engine) is None
    upgrade(engine)
    assert schema.current_revision(engine) == schema.head_revision()
    assert list(data_folder.root.glob("*.before-*")) == []
    engine.dispose()


def test_second_upgrade_does_nothing(engine: Engine, data_folder: DataFolder) -> None:
    upgrade(engine)
    assert schema.current_revision(engine) == schema.head_revision()
    assert list(data_folder.root.glob("*.before-*")) == []


def test_older_file_keeps_its_rows_and_leaves_one_copy(older: Engine, data_folder: DataFolder, database_key: bytes) -> None:
    stale = data_folder.root / "quantbox.db.before-0001"
    stale.write_bytes(b"copy of an earlier upgrade")
    upgrade(older)
    with older.connect() as connection:
        assert connection.execute(text("SELECT title FROM jobs")).scalars().all() == ["旧任务"]
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    assert schema.current_revision(older) == schema.head_revision()
    older.dispose()

    number = schema.head_revision().partition("_")[0]
    copies = [file for file in data_folder.root.glob("*.before-*") if not file.name.endswith(("-wal", "-shm"))]
    assert [copy.name for copy in copies] == [f"quantbox.db.before-{number}"]
    copy = open_engine(copies[0], database_key)
    assert schema.current_revision(copy) == "0001_jobs"
    with copy.connect() as connection:
        assert connection.execute(text("SELECT title FROM jobs")).scalars().all() == ["旧任务"]
    copy.dispose()


def test_file_of_a_newer_program_is_refused_untouched(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    with pytest.raises(SchemaNewer, match="9999_future"):
        upgrade(engine)
    assert schema.current_revision(engine) == "9999_future"


def test_step_that_fails_leaves_the_old_schema(older: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chain = tmp_path / "migrations"
    (chain / "versions").mkdir(parents=True)
    for file in [FOLDER / "env.py", *sorted((FOLDER / "versions").glob("0001*.py"))]:
        (chain / file.relative_to(FOLDER)).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    head = "from alembic import op\nimport sqlalchemy as sa\n"
    (chain / "versions" / "0002_half.py").write_text(
        head + "revision, down_revision = '0002_half', '0001_jobs'\n"
        "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer()))\n    op.drop_table('jobs')\n    op.drop_table('absent')\n"
    )
    monkeypatch.setattr(schema, "_FOLDER", chain)
    with pytest.raises(Exception, match="absent"):
        upgrade(older)
    assert schema.current_revision(older) == "0001_jobs"
    assert "half" not in inspect(older).get_table_names()
    with older.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs")).scalar_one() == 1
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_chain_has_one_head_and_its_files_are_named_by_numbers_that_follow_one_another() -> None:
    chain = ScriptDirectory(str(FOLDER))
    assert chain.get_heads() == [schema.head_revision()]
    revisions = [script.revision for script in chain.walk_revisions()][::-1]
    assert revisions == sorted(path.stem for path in (FOLDER / "versions").glob("*.py") if path.stem != "__init__")
    assert [int(revision.partition("_")[0]) for revision in revisions] == list(range(1, len(revisions) + 1))


def test_version_scripts_import_nothing_of_the_program() -> None:
    for script in (FOLDER / "versions").glob("0*.py"):
        assert "quantbox" not in script.read_text(encoding="utf-8"), script.name


def test_four_programs_making_one_database_at_once_all_succeed(data_folder: DataFolder, database_key: bytes) -> None:
    # each starts on the empty file with a salt of its own, and all but one must notice that theirs is not the file's
    program = (
        "import sys; from pathlib import Path; from quantbox.core.database import open_engine, upgrade; "
        "print(flush=True); engine = open_engine(Path(sys.argv[1]), bytes.fromhex(sys.stdin.read())); "
        "upgrade(engine); engine.dispose()"
    )
    command_line = [sys.executable, "-W", "error", "-c", program, str(data_folder.database)]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command_line, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(4)]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()  # ready
    for process in started:
        assert process.stdin is not None
        process.stdin.write(database_key.hex().encode())
        process.stdin.close()
        process.stdin = None
    for process in started:
        _, complaint = process.communicate(timeout=60)
        assert (process.returncode, complaint) == (0, b"")
    engine = open_engine(data_folder.database, database_key)
    assert schema.current_revision(engine) == schema.head_revision()
    engine.dispose()

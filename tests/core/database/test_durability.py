"""What was acknowledged is there after the writer was killed, wherever it was."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from quantbox.core.database import open_engine, schema, upgrade

SEED = 20261120
KILLS = 6

# Commits one row after the other and acknowledges each on its pipe after COMMIT has returned.
WRITER = """
import sys
from pathlib import Path
from sqlalchemy import text
from quantbox.core.database import open_engine

engine = open_engine(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline()))
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS written (number INTEGER PRIMARY KEY, filler TEXT)"))
with engine.connect() as connection:
    number = connection.execute(text("SELECT coalesce(max(number), 0) FROM written")).scalar_one()
while True:
    number += 1
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO written VALUES (:n, :f)"), {"n": number, "f": "x" * (number % 3000)})
    print(number, flush=True)
"""


@pytest.mark.timeout(90)
def test_every_acknowledged_row_survives_kills_at_random_moments(tmp_path: Path, database_key: bytes) -> None:
    path = tmp_path / "quantbox.db"
    moments = random.Random(SEED)
    acknowledged = 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write(database_key.hex().encode() + b"\n")
            writer.stdin.flush()
            first = int(writer.stdout.readline())
            time.sleep(moments.uniform(0.0, 0.3))
            writer.kill()
            # a line cut off by the kill is no acknowledgement
            lines = [line for line in writer.stdout.read().split(b"\n")[:-1] if line]
        acknowledged = int(lines[-1]) if lines else first

        engine = open_engine(path, database_key)
        with engine.connect() as connection:
            stored = connection.execute(text("SELECT number, length(filler) FROM written ORDER BY number")).fetchall()
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        engine.dispose()
        assert len(stored) >= acknowledged
        assert stored == [(number, number % 3000) for number in range(1, len(stored) + 1)]
    assert acknowledged > KILLS


# Brings a file at the first revision to the newest one, after saying that it is about to.
UPGRADER = """
import sys
from pathlib import Path
from alembic import command, config  # loaded before, so that the kill falls into the work
from quantbox.core.database import open_engine, upgrade

engine = open_engine(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline()))
print("ready", flush=True)
upgrade(engine)
"""


@pytest.mark.timeout(90)
def test_upgrade_killed_at_random_moments_leaves_the_old_schema_or_the_new(tmp_path: Path, database_key: bytes) -> None:
    moments = random.Random(SEED)
    for number in range(KILLS):
        path = tmp_path / f"quantbox{number}.db"
        engine = open_engine(path, database_key)
        upgrade(engine, "0001_jobs")
        engine.dispose()
        with subprocess.Popen(
            [sys.executable, "-c", UPGRADER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(database_key.hex().encode() + b"\n")
            program.stdin.flush()
            assert program.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0.0, 0.06))
            program.kill()

        engine = open_engine(path, database_key)
        found = schema.current_revision(engine)
        assert found in ("0001_jobs", schema.head_revision())
        assert ("backtests" in inspect(engine).get_table_names()) is (found == schema.head_revision())
        upgrade(engine)
        assert schema.current_revision(engine) == schema.head_revision()
        engine.dispose()

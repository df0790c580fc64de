"""SQLAlchemy's own compliance suite, run on the encrypted file and on stock pysqlite in one harness."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from quantbox.core.database import dialect as dialect_module

_ROOT = Path(__file__).resolve().parents[3]

# The harness lies in a folder of its own and runs in its own process: SQLAlchemy's plug-in takes over a whole pytest.
_HARNESS = {
    "pytest.ini": "[pytest]\naddopts = -p no:cacheprovider -p no:xdist -p no:timeout\n",
    "setup.cfg": "[sqla_testing]\nrequirement_cls=thin_requirements:Requirements\nprofile_file=profiles.txt\n",
    "thin_requirements.py": """\
from sqlalchemy.testing.requirements import SuiteRequirements

class Requirements(SuiteRequirements):
    pass
""",
    "keyed_dialect.py": """\
from quantbox.core.database.dialect import EncryptedSQLiteDialect

class KeyedDialect(EncryptedSQLiteDialect):
    supports_statement_cache = True

    def create_connect_args(self, url):
        return ([url.database], {"key": bytes(range(32))})

    @classmethod
    def load_provisioning(cls):
        from sqlalchemy.dialects.sqlite import provision
        provision._drivernames.add("sqlite3mc")
""",
    "conftest.py": """\
import sys

import keyed_dialect
import pytest
from sqlalchemy import Pool, event
from sqlalchemy.dialects import registry

DRIVER = "sqlite3mc" if any("sqlite3mc" in word for word in sys.argv) else "pysqlite"
registry.register("sqlite.sqlite3mc", "keyed_dialect", "KeyedDialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *

@event.listens_for(Pool, "checkout")
def attach_test_schema(connection, record, proxy):
    attached = [row[1] for row in connection.execute("PRAGMA database_list").fetchall()]
    if "test_schema" not in attached:  # by the name SQLAlchemy's own provisioning gives it
        connection.execute(f"ATTACH DATABASE '{DRIVER}_test_schema.db' AS test_schema")
""",
    "unproven.py": """\
import re
from pathlib import Path

import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    proven = set(Path("proven").read_text().splitlines())
    name = lambda item: "test_suite." + re.sub(r"_sqlite\\+.*", "", item.nodeid.split("::")[1]) + "::" + item.name
    items[:] = [item for item in items if name(item) not in proven]
""",
    "test_suite.py": "from sqlalchemy.testing.suite import *\n",
}


def _run(folder: Path, driver: str, proven: set[str]) -> dict[str, str]:
    """Return how each test ended with `driver`, without those that are proven."""
    folder.mkdir()
    for name, text in _HARNESS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "proven").write_text("\n".join(sorted(proven)), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(_ROOT)])
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "unproven", "--dburi", f"sqlite+{driver}:///mctest.db"]
    with (folder / "log").open("wb") as log:
        subprocess.run(
            [*command, "--junitxml=results.xml", "test_suite.py"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            timeout=200,
            check=False,
        )
    return _outcomes(folder)


def _outcomes(folder: Path) -> dict[str, str]:
    results = folder / "results.xml"
    assert results.exists(), (folder / "log").read_text(errors="replace")[-3000:]
    outcomes = {}
    for case in ET.parse(results).getroot().iter("testcase"):
        name = re.sub(r"_sqlite\+.*", "", case.get("classname", "")) + "::" + case.get("name", "")
        marks = {child.tag for child in case}
        outcomes[name] = "failed" if marks & {"failure", "error"} else "skipped" if "skipped" in marks else "passed"
    return outcomes


@pytest.mark.timeout(420)
def test_nothing_fails_in_sqlalchemys_suite_that_stock_pysqlite_passes(tmp_path: Path) -> None:
    ours = _run(tmp_path / "sqlite3mc", dialect_module.EncryptedSQLiteDialect.driver, set())
    passed = {name for name, outcome in ours.items() if outcome == "passed"}
    assert len(passed) > 800
    # whatever did not pass, or is not there, is tried on the stock driver
    stock = _run(tmp_path / "pysqlite", "pysqlite", passed)
    assert set(stock) & passed == set()
    assert {name for name, outcome in stock.items() if outcome == "passed"} == set()
    encrypted = [file for file in (tmp_path / "sqlite3mc").glob("*.db") if file.stat().st_size]
    assert all(file.read_bytes()[:15] != b"SQLite format 3" for file in encrypted)


def test_driver_version_is_that_of_apsw() -> None:
    import apsw

    dialect = dialect_module.EncryptedSQLiteDialect()
    version = ".".join(str(part) for part in dialect.retrieve_dbapi_version(dialect.import_dbapi()))
    assert version == apsw.apsw_version()

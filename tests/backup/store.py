"""A real store for the tests of backups: vault, encrypted database with a few rows, bars of three stocks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from quantbox.audit.anchors import Anchorage
from quantbox.audit.service import Audit
from quantbox.backup.making import OpenStore
from quantbox.backup.models import Proof
from quantbox.backup.schedule import Schedules
from quantbox.backup.service import Backups
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SHANGHAI, FixedClock
from quantbox.core.database import close_engine, open_engine, session_factory, upgrade
from quantbox.core.paths import DataFolder
from quantbox.jobs.runner import JobRunner
from quantbox.jobs.service import JobService
from quantbox.market_data.models import Adjust
from quantbox.market_data.service import MarketData
from quantbox.vault.fields import FieldCipher
from quantbox.vault.models import Keys

PASSPHRASE = "correct horse 青石板渡口"
OWN_PASSPHRASE = "a pass phrase of its own"
PROOF = Proof(passphrase=PASSPHRASE)
OWNER = "owner"
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=SHANGHAI)
DAYS = 8


def silent(_fraction: float, _stage: str) -> None:
    """Tell nobody."""


def bars(symbol: str) -> pl.DataFrame:
    days = [date(2023, 12, 27) + timedelta(days=number) for number in range(DAYS)]
    prices = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    return pl.DataFrame({"symbol": symbol, "date": days, **prices, "volume": 100.0, "amount": 1000.0})


class Store:
    """A store opened with its services, as far as backups need them."""

    def __init__(self, root: Path, keys: Keys, clock: FixedClock | None = None) -> None:
        self.folder, self.keys, self.clock = DataFolder(root), keys, clock or FixedClock(NOW)
        self.engine = open_engine(self.folder.database, keys.database)
        self.cipher = FieldCipher(keys.fields)
        upgrade(self.engine)
        self.sessions = session_factory(self.engine)
        self.audit = Audit(self.sessions, self.clock, Anchorage("5" * 32, keys.audit, []))
        self.jobs = JobService(self.sessions, self.clock, LocalBus(), lambda _job_id: None)
        self.market = MarketData(self.folder, self.clock)
        self.backups = Backups(
            OpenStore(self.folder, self.engine, self.market, keys.database),
            keys.backup,
            self.cipher,
            sessions=self.sessions,
            clock=self.clock,
            jobs=self.jobs,
            schedules=Schedules(self.sessions, self.clock),
            audit=self.audit,
        )
        handlers = {"backup": self.backups.run_backup, "backup_rehearsal": self.backups.run_rehearsal}
        self.runner = JobRunner(self.jobs, handlers, "test", self.clock, LocalBus())

    def fill(self) -> None:
        """Two stocks from files, one a source can give again; two jobs."""
        self.market.write_bars(bars("600000.SH"), origin="csv", adjust=Adjust.NONE)
        self.market.write_bars(bars("000001.SZ"), origin="csv", adjust=Adjust.NONE)
        self.market.write_bars(bars("600519.SH"), origin="akshare.eastmoney", adjust=Adjust.NONE, is_download=True)
        self.add_job("first")
        self.add_job("second")

    def add_job(self, title: str) -> str:
        return self.jobs.create("backtest", title, OWNER, wake=False).id

    def job_titles(self) -> list[str]:
        return [job.title for job in self.jobs.list_jobs(OWNER).items]

    def close(self) -> None:
        close_engine(self.engine)

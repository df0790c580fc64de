"""Every service of the program, built once with what it needs; web, worker, command line and tests build the same object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from quantbox.app.audit_log import open_audit
from quantbox.app.backup.restored_store import settle_restored_store
from quantbox.app.lan.service import LanChoices
from quantbox.app.unrecorded import UnrecordedActs
from quantbox.audit.service import Audit
from quantbox.backtesting.service import Backtesting
from quantbox.backup.making import OpenStore
from quantbox.backup.offsite.objects import Queue
from quantbox.backup.offsite.service import BRING_BACK_KIND, FETCH_KIND, Offsite
from quantbox.backup.outbound import Outbound
from quantbox.backup.plain_export import PlainExport
from quantbox.backup.schedule import Schedules
from quantbox.backup.service import Backups
from quantbox.core.bus import Bus
from quantbox.core.clock import Clock
from quantbox.core.database import close_engine, open_engine, session_factory, upgrade
from quantbox.core.paths import DataFolder
from quantbox.jobs.runner import Handler, JobRunner
from quantbox.jobs.service import JobService
from quantbox.market_data.requests import DataRequests
from quantbox.market_data.service import MarketData
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.user_auth.pairing.service import Pairings
from quantbox.user_auth.people.passwords import is_passphrase
from quantbox.user_auth.service import Devices, People, Sessions, SignIns
from quantbox.user_auth.settings import SettingsService
from quantbox.user_auth.tokens.service import ApiTokens
from quantbox.vault.access import VaultAccess
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher
from quantbox.vault.models import Keys

__all__ = ["Services", "build_services"]


@dataclass(frozen=True)
class IdentityServices:
    """Who may come in, and by what."""

    people: People
    devices: Devices
    web_sessions: Sessions
    sign_ins: SignIns
    vault_access: VaultAccess
    credentials: Credentials
    factors: Factors
    tokens: ApiTokens
    pairings: Pairings


@dataclass(frozen=True)
class SavingServices:
    """How the store is saved, here and elsewhere."""

    backups: Backups
    outbound: Outbound
    offsite: Offsite


@dataclass(frozen=True)
class Services(IdentityServices, SavingServices):
    """What routes, commands and job handlers work with."""

    folder: DataFolder
    keys: Keys
    clock: Clock
    bus: Bus
    engine: Engine
    sessions: sessionmaker[Session]
    jobs: JobService
    job_runner: JobRunner
    market_data: MarketData
    data_requests: DataRequests
    backtesting: Backtesting
    audit: Audit
    settings: SettingsService
    lan: LanChoices
    plain_export: PlainExport
    #: Whether a worker process runs the jobs; else whoever made a job runs it (a command without a running program).
    worker_beside: bool

    def close(self) -> None:
        """Let go of the database, also where work that goes on still holds these services."""
        self.audit.close()
        close_engine(self.engine)


def build_services(
    folder: DataFolder,
    keys: Keys,
    *,
    bus: Bus,
    clock: Clock,
    owner: str,
    wake: Callable[[str], None] | None = None,
    is_throw_away: bool = False,
) -> Services:
    """Open the store of `folder` and build every service on it.

    Parameters
    ----------
    owner : str
        Name under which this process claims jobs ("worker:4711").
    wake : callable or None
        Tells a worker that a job waits; None where this process runs its jobs itself.
    is_throw_away : bool
        The store is that of a demo and leaves nothing behind.
    """
    engine = open_engine(folder.database, keys.database)
    cipher = FieldCipher(keys.fields)
    upgrade(engine, seal=cipher.seal_field)
    sessions = session_factory(engine)
    audit = open_audit(folder, keys, sessions, clock, is_throw_away=is_throw_away)
    UnrecordedActs(folder).hand_over(audit)
    jobs = JobService(sessions, clock, bus, wake or (lambda _job_id: None))
    market_data = MarketData(folder, clock)
    data_requests = DataRequests(sessions, clock, jobs, market_data, folder)
    backtesting = Backtesting(sessions, clock, jobs, market_data, cipher, version_saved=Queue(cipher, clock).add)
    identity = build_identity(folder, keys, sessions, clock, bus)
    open_store, settings = OpenStore(folder, engine, market_data, keys.database), SettingsService(sessions, clock)
    saving = build_saving(
        open_store, keys, sessions, clock, jobs=jobs, audit=audit, credentials=identity.credentials, backtesting=backtesting
    )
    settle_restored_store(saving.outbound, identity.sign_ins, jobs, audit)
    return Services(
        **vars(identity),
        **vars(saving),
        folder=folder,
        keys=keys,
        clock=clock,
        bus=bus,
        engine=engine,
        sessions=sessions,
        jobs=jobs,
        job_runner=JobRunner(jobs, job_handlers(backtesting, saving.backups, saving.offsite, data_requests), owner, clock, bus),
        market_data=market_data,
        data_requests=data_requests,
        backtesting=backtesting,
        audit=audit,
        settings=settings,
        lan=LanChoices(sessions, cipher, clock),
        plain_export=PlainExport(backtesting, settings, clock, saving.offsite.read_report),
        worker_beside=wake is not None,
    )


def build_identity(folder: DataFolder, keys: Keys, sessions: sessionmaker[Session], clock: Clock, bus: Bus) -> IdentityServices:
    """Build what lets people in."""
    cipher = FieldCipher(keys.fields)
    credentials, devices = Credentials(sessions, cipher, clock), Devices(sessions, clock)
    people = People(sessions, clock, lambda text: is_passphrase(folder, text))
    web_sessions, tokens = Sessions(sessions, clock, bus), ApiTokens(sessions, keys.tokens, clock)
    sms = SmsSettingsService(sessions, clock, credentials, refuse_paused=Outbound(sessions, clock).refuse_paused)
    factors = Factors(sessions, cipher, clock, sms)
    sign_ins = SignIns(sessions, clock, people=people, factors=factors, web_sessions=web_sessions, tokens=tokens)
    return IdentityServices(
        people=people,
        devices=devices,
        web_sessions=web_sessions,
        sign_ins=sign_ins,
        vault_access=VaultAccess(folder, keys, clock, sign_ins),
        credentials=credentials,
        factors=factors,
        tokens=tokens,
        pairings=Pairings(devices, clock),
    )


def build_saving(
    store: OpenStore,
    keys: Keys,
    sessions: sessionmaker[Session],
    clock: Clock,
    *,
    jobs: JobService,
    audit: Audit,
    credentials: Credentials,
    backtesting: Backtesting,
) -> SavingServices:
    """Build what saves the store."""
    cipher, schedules, outbound = FieldCipher(keys.fields), Schedules(sessions, clock), Outbound(sessions, clock)
    backups = Backups(store, keys.backup, cipher, sessions=sessions, clock=clock, jobs=jobs, schedules=schedules, audit=audit)
    offsite = Offsite(
        store.folder,
        keys.archive,
        cipher,
        sessions=sessions,
        clock=clock,
        credentials=credentials,
        shelf=backtesting.shelf,
        backups=backups,
        outbound=outbound,
        jobs=jobs,
    )
    return SavingServices(backups=backups, outbound=outbound, offsite=offsite)


def job_handlers(backtesting: Backtesting, backups: Backups, offsite: Offsite, data_requests: DataRequests) -> dict[str, Handler]:
    """Return what runs each kind of job."""
    return {
        "backtest": backtesting.run_job,
        "backup": backups.run_backup,
        "backup_rehearsal": backups.run_rehearsal,
        FETCH_KIND: offsite.run_fetch,
        BRING_BACK_KIND: offsite.run_bring_back,
        "data_import": data_requests.run_import,
        "data_update": data_requests.run_update,
    }

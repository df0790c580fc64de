"""The examination: what the program runs on and how it is, each finding fine or with what to do."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantbox import __version__
from quantbox.core.clock import SHANGHAI, market_date
from quantbox.core.paths import DataFolder
from quantbox.core.program_file import find_program
from quantbox.core.text import Language, Text
from quantbox.jobs.models import JobState
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault.service import exists

if TYPE_CHECKING:
    from quantbox.app.services import Services
    from quantbox.audit.models import Verification


__all__ = ["Check", "examine", "examine_today"]

LIBRARIES = ("akshare", "backtrader", "polars", "pandas", "sqlalchemy", "apsw-sqlite3mc", "marina-rules", "pywebview")
FREE_BYTES_WANTED = 2 << 30
CALENDAR_DAYS_WANTED = 30
WAL_BYTES_WANTED = 64 << 20
NOTHING = Text("", "")


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes
    ----------
    ok : bool or None
        None where it could not be looked at because the store is locked or busy.
    """

    name: str
    ok: bool | None
    value: Any
    action: Text = NOTHING

    def to_json(self, language: Language) -> dict[str, Any]:
        """Return it for a document."""
        return {"name": self.name, "ok": self.ok, "value": self.value, "action": self.action.in_language(language)}


def examine(folder: DataFolder, services: Services | None, language: Language, *, is_busy: bool = False) -> dict[str, Any]:
    """Return `{ok, checks}`; ok is False when any check failed.

    Parameters
    ----------
    services : Services or None
        None when the store is not open; what needs it is then reported as "locked".
    is_busy : bool
        The pass phrase is right, but another command holds the store: what needs it is reported as "busy".
    """
    checks = [*examine_machine(folder), *examine_store(folder, services, is_busy=is_busy)]
    return {"ok": all(check.ok is not False for check in checks), "checks": [check.to_json(language) for check in checks]}


def examine_today(folder: DataFolder, services: Services, language: Language) -> list[dict[str, Any]]:
    """Return the checks whose finding changes from day to day and costs next to nothing, for the first page."""
    checks = [
        examine_calendar(services),
        examine_market_data(services),
        examine_queue(services),
        examine_processes(folder),
        examine_backups(services),
        examine_offsite(services),
        examine_disk(folder),
        examine_database_log(folder),
        audit_finding(services.audit.last_check),
    ]
    return [check.to_json(language) for check in checks]


def examine_machine(folder: DataFolder) -> Iterator[Check]:
    """Look at what needs no pass phrase."""
    yield Check("version", True, __version__)
    yield Check("python", True, f"{platform.python_version()} {platform.system()} {platform.machine()}")
    yield Check("libraries", True, {name: importlib.metadata.version(name) for name in LIBRARIES})
    yield Check("data_dir", True, str(folder.root))
    yield examine_disk(folder)
    yield examine_key_state(folder)
    yield examine_processes(folder)
    yield Check("database_bytes", True, size_of(folder.database) if folder.database.exists() else 0)
    yield examine_database_log(folder)
    yield Check("market_bytes", True, sum(size_of(path) for path in folder.market.rglob("*")) if folder.market.exists() else 0)


def examine_disk(folder: DataFolder) -> Check:
    """Warn before the disk of the data folder is full."""
    free = folder.free_bytes()
    healthy = free >= FREE_BYTES_WANTED
    advice = Text("腾出至少 2 GiB 磁盘空间。", "Free at least 2 GiB of disk space.")
    return Check("disk_free_bytes", healthy, free, NOTHING if healthy else advice)


def examine_database_log(folder: DataFolder) -> Check:
    """Warn when the database's write-ahead log is no longer folded in."""
    wal = size_of(folder.database.with_name(folder.database.name + "-wal"))
    healthy = wal < WAL_BYTES_WANTED
    advice = Text("重启程序，让数据库收拢日志。", "Restart the program so that the database folds in its log.")
    return Check("wal_bytes", healthy, wal, NOTHING if healthy else advice)


def size_of(path: Path) -> int:
    """Return the bytes of a file; 0 when there is none."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # replaced while we looked
        return 0


def examine_key_state(folder: DataFolder) -> Check:
    """Say whether there is a store and whether a program holds it open."""
    if not exists(folder):
        return Check(
            "key_state",
            True,
            "none",
            Text("打开窗口或运行 quantbox init 建立数据。", "Open the window or run quantbox init to create the store."),
        )
    program = find_program(folder)
    return Check("key_state", True, "unlocked" if program is not None and program.is_unlocked else "locked")


def examine_processes(folder: DataFolder) -> Check:
    """List the processes of the running program."""
    import psutil

    program = find_program(folder)
    if program is None:
        return Check("processes", True, [])
    try:
        supervisor = psutil.Process(program.pid)
        children = [{"pid": child.pid, "name": child_name(child)} for child in supervisor.children()]
    except psutil.NoSuchProcess:
        return Check("processes", True, [])
    found = [{"pid": program.pid, "name": "supervisor"}, *children]
    wanted = {"web", "worker"} if program.is_unlocked else {"web"}
    lost = wanted - {entry["name"] for entry in found}
    return Check(
        "processes",
        not lost,
        found,
        NOTHING
        if not lost
        else Text(
            "{names} 正在重新启动；一分钟后再看。",
            "{names} is being restarted; look again in a minute.",
            {"names": ", ".join(sorted(lost))},
        ),
    )


def child_name(process: Any) -> str:
    """Return which of the program's processes this is, by the entry it was started with."""
    import psutil

    try:
        words = process.cmdline()
    except psutil.Error:
        return "ended"
    entries = ("web", "worker", "job-child", "window-process")
    return next((entry for entry in entries if entry in words), words[0] if words else "ended")


def examine_store(folder: DataFolder, services: Services | None, *, is_busy: bool) -> Iterator[Check]:
    """Look at what needs the open store; each is reported as locked or busy where it is not open."""
    looks: dict[str, Callable[[Services], Check]] = {
        "schema": examine_schema,
        "queue": examine_queue,
        "market_data": examine_market_data,
        "calendar_end": examine_calendar,
        "backups": examine_backups,
        "offsite": examine_offsite,
        "audit_chain": lambda open_services: audit_finding(open_services.audit.verify()),
    }
    advice = Text("用 --passphrase-file 给出口令后再看。", "Look again with --passphrase-file.")
    if not exists(folder):
        advice = Text("先建立数据：quantbox init。", "Create the store first: quantbox init.")
    elif is_busy:
        advice = Text("另一个命令正占用着数据，稍后再看。", "Another command holds the store; look again later.")
    for name, look in looks.items():
        yield look(services) if services is not None else Check(name, None, "busy" if is_busy else "locked", advice)


def examine_schema(services: Services) -> Check:
    """Check that the database is whole."""
    with services.engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check").scalar()
    healthy = found == "ok"
    return Check(
        "schema",
        healthy,
        found,
        NOTHING
        if healthy
        else Text(
            "数据库损坏：停止程序，换回你保存的数据文件夹副本。",
            "The database is damaged: stop the program and put back a copy of the data folder.",
        ),
    )


def examine_queue(services: Services) -> Check:
    """Count the jobs that wait and run."""
    waiting = len(services.jobs.waiting())
    running = len(services.jobs.list_jobs(OWNER_ACCOUNT, states=[JobState.RUNNING]).items)
    healthy = waiting == 0 or services.worker_beside or running > 0
    return Check(
        "queue",
        healthy,
        {"waiting": waiting, "running": running},
        NOTHING if healthy else Text("打开窗口，让排队的任务运行。", "Open the window so that the waiting jobs run."),
    )


def examine_market_data(services: Services) -> Check:
    """Say how much is stored."""
    summary = services.market_data.stored_summary()
    stored = bool(summary["symbols"])
    advice = NOTHING if stored else Text("导入文件或载入模拟市场。", "Import files or load the demo market.")
    shown = {key: value.isoformat() if isinstance(value, date) else value for key, value in summary.items()}
    return Check("market_data", True, shown, advice)


def audit_finding(check: Verification | None) -> Check:
    """Say whether the audit log is whole; the first page takes the finding of the last examination."""
    if check is None:
        return Check(
            "audit_chain", None, "checking", Text("正在检查，稍后再看。", "It is being examined; look again in a moment.")
        )
    if check.problem is None:
        return Check("audit_chain", True, {"records": check.records, "anchored_seq": check.anchored_seq})
    problem = check.problem
    advice = Text(
        f"{problem.sentence.in_language('zh')}。{problem.hint.in_language('zh')}。",
        f"{problem.sentence.in_language('en')}. {problem.hint.in_language('en')}.",
    )
    return Check("audit_chain", False, {"problem": problem.code, "seq": problem.seq}, advice)


def examine_calendar(services: Services) -> Check:
    """Warn before the trading calendar ends."""
    end = services.market_data.calendar.end
    left = end - market_date(services.clock.now())
    healthy = left >= timedelta(days=CALENDAR_DAYS_WANTED)
    advice = Text(
        "交易日历 {days} 天后到期：联网后运行 quantbox data update。",
        "The trading calendar ends in {days} days: go online and run quantbox data update.",
        {"days": left.days},
    )
    return Check("calendar_end", healthy, end.isoformat(), NOTHING if healthy else advice)


def examine_backups(services: Services) -> Check:
    """Warn when the last backup failed, or none was made for days although they are scheduled."""
    standing = services.backups.standing(OWNER_ACCOUNT)
    newest = f"{standing.newest_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if standing.newest_at else None
    advice = NOTHING
    if not standing.last_succeeded:
        advice = Text(
            "上次备份失败：在备份页面查看原因后重试。", "The last backup failed: see why on the backup page, then try again."
        )
    elif standing.is_late:
        advice = Text("已有两天没有备份：立即备份一次。", "No backup was made for two days: make one now.")
    return Check("backups", advice is NOTHING, newest, advice)


def examine_offsite(services: Services) -> Check:
    """Warn when nothing could be sent to the other place for a day."""
    healthy = not services.offsite.is_failing_too_long(OWNER_ACCOUNT)
    advice = Text(
        "异地备份已失败一天以上：在备份页面查看原因并测试。",
        "Off-site backup has failed for a day or more: see why on the backup page and test it.",
    )
    return Check("offsite", healthy, services.offsite.choices.get(OWNER_ACCOUNT).kind.value, NOTHING if healthy else advice)

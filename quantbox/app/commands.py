"""What the command line can ask of an open store; a running program runs the very same functions when work is handed over.

Each takes the services and the arguments as JSON values, and returns the document the command prints. What is sensitive
goes into the audit log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from quantbox.app.audit_commands import anchor_log, export_log, list_log, verify_log
from quantbox.app.backup.commands import count_store, create_backup
from quantbox.app.backup.offsite_commands import fetch_copy, send_offsite, show_offsite, try_offsite
from quantbox.app.doctor import examine
from quantbox.app.people.commands import add_person, list_people, reset_person
from quantbox.app.services import Services
from quantbox.app.vault.commands import apply_change, confirm_kit
from quantbox.audit.models import COMMAND_LINE, Outcome
from quantbox.backtesting.models import BacktestRequest, Costs
from quantbox.backtesting.service import preload
from quantbox.core.disk import refuse_full_disk
from quantbox.core.errors import QuantBoxError
from quantbox.core.text import Language
from quantbox.jobs.models import FINAL_STATES, Job, JobState
from quantbox.market_data.models import Adjust
from quantbox.user_auth.models import OWNER_ACCOUNT

__all__ = ["COMMANDS", "Command", "JobDidNotSucceed", "Progress", "run_recorded"]

_log = logging.getLogger(__name__)

WAIT_STEP_SECONDS = 0.05

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Command:
    """A command on the open store, and how it is recorded.

    Attributes
    ----------
    run : callable
        Given the services, the arguments and whom to tell how far it is; returns the document.
    act : str or None
        What it is recorded as; None where it only reads, which is no secret from whoever gave the pass phrase.
    shown : tuple of str
        The arguments its record names.
    preload : callable
        Loads what it needs before the store is held, where others wait for it.
    """

    run: Callable[[Services, dict[str, Any], Progress], dict[str, Any]]
    act: str | None = None
    shown: tuple[str, ...] = ()
    preload: Callable[[], None] = lambda: None


def parse_date(text: str | None) -> date | None:
    """Return the date written as YYYY-MM-DD, or None."""
    return date.fromisoformat(text) if text else None


def import_data(services: Services, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Bring files into the bar store."""
    adjust = arguments.get("adjust")
    return services.market_data.import_files(
        [Path(path) for path in arguments["paths"]],
        symbol=arguments.get("symbol"),
        adjust=Adjust(adjust) if adjust else None,
        progress=progress,
        language=language_of(arguments),
    )


def update_data(services: Services, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Fetch what is missing from the online source."""
    document = services.market_data.update(
        arguments.get("symbols") or None,
        start=parse_date(arguments.get("start")),
        end=parse_date(arguments.get("end")),
        source=arguments.get("source") or "akshare",
        progress=progress,
    )
    errors = [entry["error"] for entry in document["symbols"] if entry["error"] is not None]
    for problem in [*errors, *document["reference_problems"]]:
        problem["message"] = problem["message"][language_of(arguments)]  # a command speaks one language, the pages both
    return document


def show_data(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Show stored bars of one symbol, raw or adjusted."""
    return services.market_data.show(
        arguments["symbol"],
        Adjust(arguments.get("adjust") or "none"),
        parse_date(arguments.get("start")),
        parse_date(arguments.get("end")),
    )


def check_data(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """List what is doubtful in the stored bars."""
    return services.market_data.check(arguments.get("symbols") or None)


def run_backtest(services: Services, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run one backtest to its end and return its document."""
    settings = services.settings.get(OWNER_ACCOUNT)
    request = BacktestRequest(
        source=arguments["source"],
        file_name=arguments["file_name"],
        class_name=arguments.get("class_name"),
        symbols=tuple(arguments["symbols"]),
        start=date.fromisoformat(arguments["start"]),
        end=date.fromisoformat(arguments["end"]),
        cash=Decimal(arguments["cash"]),
        params=dict(arguments.get("params") or {}),
        rules=bool(arguments.get("rules", True)),
        benchmark=arguments.get("benchmark"),
        costs=Costs(settings.commission_bps, settings.commission_min_yuan),
    )
    job = services.backtesting.submit(request, OWNER_ACCOUNT)
    job = finish_job(services, job.id, progress)
    if job.state is not JobState.SUCCEEDED:
        raise JobDidNotSucceed(job)
    return services.backtesting.document(job.id, OWNER_ACCOUNT, language_of(arguments))


class JobDidNotSucceed(QuantBoxError):
    """A job ended otherwise than succeeded; says what the job's reason says."""

    kind = "failed"

    def __init__(self, job: Job) -> None:
        reason = job.reason
        self.code = reason.code if reason else f"jobs.{job.state.value}"  # type: ignore[misc]  # one class, the job's own code
        self._reason = reason
        self._state = job.state
        super().__init__(**(reason.facts if reason else {}), job_id=job.id, state=job.state.value)

    def message(self, language: Language) -> str:
        """Return the sentence of the job's reason."""
        return self._reason.message[language] if self._reason else self._state.value

    def next_step(self, language: Language) -> str:
        """Return the advice of the job's reason."""
        return self._reason.hint[language] if self._reason else ""


def finish_job(services: Services, job_id: str, progress: Progress) -> Job:
    """Return the job once it has ended: run here where no worker runs beside us, else awaited."""
    if services.worker_beside:
        while (job := services.jobs.get(job_id, OWNER_ACCOUNT)).state not in FINAL_STATES:
            progress(job.progress, job.stage)
            refuse_full_disk(services.folder.root)  # the worker could not even say that it failed
            time.sleep(WAIT_STEP_SECONDS)
        return job
    news_of_job = services.bus.subscribe(
        f"jobs.{job_id}", lambda _topic, news: progress(news["job"]["progress"], news["job"]["stage"])
    )
    with closing(news_of_job):
        services.job_runner.run(job_id)
    return services.jobs.get(job_id, OWNER_ACCOUNT)


def language_of(arguments: dict[str, Any]) -> Language:
    """Return the language the answer is read in."""
    return "en" if arguments.get("language") == "en" else "zh"


def run_doctor(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Examine the program with the store open."""
    return examine(services.folder, services, language_of(arguments))


def load_importing() -> None:
    """Load what reads files."""
    import quantbox.market_data.importing  # noqa: F401


COMMANDS: dict[str, Command] = {
    "data.import": Command(import_data, "data.import", ("symbol", "adjust"), load_importing),
    "data.update": Command(update_data, "data.update", ("symbols", "start", "end", "source")),
    "data.show": Command(show_data),
    "data.check": Command(check_data),
    "backtest.run": Command(run_backtest, "backtest.submit", ("file_name", "symbols", "start", "end"), preload),
    "doctor": Command(run_doctor),
    "audit.verify": Command(verify_log),
    "audit.list": Command(list_log),
    "audit.export": Command(export_log, "audit.export", ("format", "start", "end")),
    "audit.anchor": Command(anchor_log),  # records itself, for its record says what is given up
    "people.list": Command(list_people),
    "people.add": Command(add_person, "person.add", ("name", "role")),
    "people.reset": Command(reset_person, "person.reset", ("name",)),
    "vault.passphrase": Command(apply_change, "vault.passphrase", ("method",)),
    "vault.recovery_kit.make": Command(apply_change, "vault.recovery_kit.make"),
    "vault.recovery_kit.confirm": Command(confirm_kit, "vault.recovery_kit.confirm"),
    "vault.recovery_kit.remove": Command(apply_change, "vault.recovery_kit.remove"),
    "vault.keychain": Command(apply_change, "vault.keychain", ("is_enabled",)),
    "backup.create": Command(create_backup, "backup.create", ("include_downloads", "has_own_passphrase")),
    "backup.count": Command(count_store),
    "offsite.show": Command(show_offsite),
    "offsite.test": Command(try_offsite, "offsite.test"),
    "offsite.send": Command(send_offsite, "offsite.send"),
    "offsite.fetch": Command(fetch_copy, "offsite.fetch", ("backup",)),
}


def run_recorded(services: Services, name: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run a command, which acts as the owner, and record it where it is sensitive."""
    command = COMMANDS[name]
    if command.act is None:
        return command.run(services, arguments, progress)
    facts = {key: arguments[key] for key in command.shown if arguments.get(key)}
    if "paths" in arguments:
        facts["files"] = len(arguments["paths"])
    try:
        answer = command.run(services, arguments, progress)
    except QuantBoxError as error:
        outcome = Outcome.REFUSED if error.is_refusal else Outcome.FAILED
        record_end(services, command.act, outcome, {**facts, "code": error.code})
        raise
    except Exception:
        record_end(services, command.act, Outcome.FAILED, facts)
        raise
    services.audit.record(COMMAND_LINE, command.act, Outcome.DONE, facts)
    return answer


def record_end(services: Services, act: str, outcome: Outcome, facts: dict[str, Any]) -> None:
    """Record an act that did not succeed."""
    try:
        services.audit.record(COMMAND_LINE, act, outcome, facts)
    except Exception as fault:  # noqa: BLE001 - the command's own error is what its caller must read
        _log.error("%s %s could not be recorded: %s", act, outcome, type(fault).__name__)

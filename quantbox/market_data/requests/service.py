"""What a data job was asked for is a row beside the job's, and so is what came of it.

Uploaded files are public market data; they lie in the spool folder until their job has ended.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.paging import Page, decode_cursor, encode_cursor, page_limit
from quantbox.core.paths import DataFolder
from quantbox.core.text import Language
from quantbox.jobs.models import FINAL_STATES, Job, JobState, Reason
from quantbox.jobs.runner import JobContext
from quantbox.jobs.service import JobService
from quantbox.market_data.models import Adjust
from quantbox.market_data.requests.errors import (
    AnswerNotReady,
    DataRequestNotFound,
    FilesRefused,
    NothingUpdated,
    NothingUploaded,
)
from quantbox.market_data.requests.tables import DataRequestRow
from quantbox.market_data.service import MarketData
from quantbox.market_data.symbols import parse_symbol

__all__ = ["IMPORT_KIND", "UPDATE_KIND", "DataRequests", "SpooledFile"]

IMPORT_KIND = "data_import"
UPDATE_KIND = "data_update"

#: An upload nobody made a job of is thrown away after so long.
_ABANDONED_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class SpooledFile:
    """One uploaded file: the name its owner knows, and where it lies until it is imported."""

    name: str
    path: Path


class DataRequests:
    """Makes, runs and answers the two kinds of data jobs.

    Parameters
    ----------
    sessions : sessionmaker
        Sessions on the database.
    clock : Clock
        Tells how old an abandoned upload is.
    jobs : JobService
        Where the jobs are kept.
    market_data : MarketData
        Does the work.
    folder : DataFolder
        Holds the spool.
    """

    def __init__(
        self, sessions: sessionmaker[Session], clock: Clock, jobs: JobService, market_data: MarketData, folder: DataFolder
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._jobs = jobs
        self._market_data = market_data
        self._spool = folder.spool

    def new_spool_folder(self) -> Path:
        """Make a folder for the files of one upload, throwing away what earlier uploads left behind."""
        self._delete_abandoned()
        folder = self._spool / new_id()
        folder.mkdir(parents=True)
        return folder

    def submit_import(
        self,
        files: Sequence[SpooledFile],
        *,
        symbol: str | None,
        adjust: Adjust | None,
        account_id: str,
        language: Language = "zh",
    ) -> Job:
        """Make the job that imports uploaded files.

        Parameters
        ----------
        files : sequence of SpooledFile
            All below one folder made by :meth:`new_spool_folder`.
        symbol, adjust
            As declared by the owner; None leaves it to the content.
        language : str
            In which the document gives its reasons.
        """
        if not files:
            raise NothingUploaded
        arguments = {
            "files": [{"name": file.name, "path": file.path.relative_to(self._spool).as_posix()} for file in files],
            "symbol": parse_symbol(symbol) if symbol else None,
            "adjust": adjust.value if adjust else None,
            "language": language,
        }
        title = files[0].name if len(files) == 1 else f"{files[0].name} +{len(files) - 1}"
        return self._submit(IMPORT_KIND, title, arguments, account_id)

    def submit_update(
        self, symbols: Sequence[str] | None, *, start: date | None, end: date | None, source: str, account_id: str
    ) -> Job:
        """Make the job that fetches what is missing from the online source; None updates all that is stored."""
        wanted = [parse_symbol(symbol) for symbol in symbols] if symbols else None
        arguments = {
            "symbols": wanted,
            "start": start.isoformat() if start else None,
            "end": end.isoformat() if end else None,
            "source": source,
        }
        return self._submit(UPDATE_KIND, " ".join(wanted[:4]) if wanted else "*", arguments, account_id)

    def answer(self, job_id: str, kind: str, account_id: str) -> dict[str, Any]:
        """Return the document of an import or update that has ended.

        Raises
        ------
        DataRequestNotFound
            When the account has no such job of this kind.
        AnswerNotReady
            When it has no document.
        """
        row = self._find(job_id)
        if row is None or row.account_id != account_id:
            raise DataRequestNotFound(job_id=job_id)
        job = self._jobs.get(job_id, account_id)
        if job.kind != kind:
            raise DataRequestNotFound(job_id=job_id)
        if row.answer is None:
            raise AnswerNotReady(job_id=job_id, state=job.state.value)
        return row.answer

    def quarantined(self, account_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[dict[str, Any]]:
        """Return the rows that imports have set aside, newest import first."""
        after = decode_cursor(cursor, str, int) if cursor else None
        with self._sessions() as session:
            query = select(DataRequestRow).where(DataRequestRow.account_id == account_id, DataRequestRow.answer.is_not(None))
            if after:
                query = query.where(DataRequestRow.job_id <= after[0])
            rows = session.scalars(query.order_by(DataRequestRow.job_id.desc())).all()
        found: list[tuple[str, int, dict[str, Any]]] = []
        for row in rows:
            places = [(file["path"], place) for file in (row.answer or {}).get("files", ()) for place in file["quarantined"]]
            for number, (path, place) in enumerate(places):
                if after is None or (row.job_id, -number) < (after[0], -int(after[1])):
                    found.append((row.job_id, number, {"job_id": row.job_id, "path": path, **place}))
            if len(found) > limit:
                break
        page = found[: page_limit(limit)]
        more = encode_cursor(page[-1][0], page[-1][1]) if len(found) > limit else None
        return Page([item for _job, _number, item in page], more)

    def run_import(self, context: JobContext) -> None:
        """Import the files a job was made for, and throw them away."""
        arguments = self._arguments(context)
        paths = {self._spool / file["path"]: file["name"] for file in arguments["files"]}
        adjust = Adjust(arguments["adjust"]) if arguments["adjust"] else None
        document = self._market_data.import_files(
            list(paths), symbol=arguments["symbol"], adjust=adjust, progress=context.report, language=arguments["language"]
        )
        names = {str(path): name for path, name in paths.items()}
        files = [{**file, "path": names[file["path"]]} for file in document["files"]]
        refused = [file["refused"] for file in files if file["refused"]]
        if len(refused) == len(files):
            reason = Reason.from_error(FilesRefused(count=len(files), first=refused[0]))
            self._finish(context, JobState.FAILED, {"files": files}, reason)
        else:
            self._finish(context, JobState.SUCCEEDED, {"files": files})
        self._delete_folders(paths)

    def run_update(self, context: JobContext) -> None:
        """Fetch what a job was made for."""
        arguments = self._arguments(context)
        document = self._market_data.update(
            arguments["symbols"],
            start=date.fromisoformat(arguments["start"]) if arguments["start"] else None,
            end=date.fromisoformat(arguments["end"]) if arguments["end"] else None,
            source=arguments["source"],
            progress=context.report,
        )
        if document["failed"] < len(document["symbols"]):
            self._finish(context, JobState.SUCCEEDED, document)
            return
        first = document["symbols"][0]["error"]["message"]
        failure = NothingUpdated(count=document["failed"], first_zh=first["zh"], first_en=first["en"])
        self._finish(context, JobState.FAILED, document, Reason.from_error(failure))

    def _submit(self, kind: str, title: str, arguments: dict[str, Any], account_id: str) -> Job:
        with self._sessions.begin() as session:
            job = self._jobs.create(kind, title[:200], account_id, session=session)
            session.add(DataRequestRow(job_id=job.id, account_id=account_id, arguments=arguments, answer=None))
        self._jobs.wake(job.id)
        return job

    def _finish(self, context: JobContext, state: JobState, document: dict[str, Any], reason: Reason | None = None) -> None:
        def write(session: Session) -> None:
            session.get_one(DataRequestRow, context.job.id).answer = document

        context.finish(state, reason, write)

    def _arguments(self, context: JobContext) -> dict[str, Any]:
        row = self._find(context.job.id)
        if row is None:
            raise DataRequestNotFound(job_id=context.job.id)
        return row.arguments

    def _find(self, job_id: str) -> DataRequestRow | None:
        with self._sessions() as session:
            return session.get(DataRequestRow, job_id)

    def _delete_abandoned(self) -> None:
        """Delete uploads whose job has ended, or that are old and belong to no job."""
        if not self._spool.is_dir():
            return
        needed = self._folders_of_unfinished_jobs()
        oldest = (self._clock.now() - _ABANDONED_AFTER).timestamp()
        for folder in self._spool.iterdir():
            with contextlib.suppress(OSError):  # another request may be deleting it too
                if folder.name not in needed and folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder)

    def _folders_of_unfinished_jobs(self) -> set[str]:
        with self._sessions() as session:
            rows = session.scalars(select(DataRequestRow).where(DataRequestRow.answer.is_(None))).all()
        return {
            Path(file["path"]).parts[0]
            for row in rows
            if self._jobs.get(row.job_id, row.account_id).state not in FINAL_STATES
            for file in row.arguments.get("files", ())
        }

    def _delete_folders(self, paths: dict[Path, str]) -> None:
        for folder in {self._spool / path.relative_to(self._spool).parts[0] for path in paths}:
            shutil.rmtree(folder, ignore_errors=True)  # Windows may still hold a file; the next upload tries again

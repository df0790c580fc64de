"""One attempt of a run: bars to the child, its result back, the report made from it.

The strategy's text and what came out of it stay in memory and in the encrypted database; nothing here writes a log.
"""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from quantbox.backtesting.errors import ResultInvalid
from quantbox.backtesting.fingerprints import compute_fingerprints, digest_fingerprints
from quantbox.backtesting.inputs import RunInput
from quantbox.backtesting.models import BacktestResult
from quantbox.backtesting.report import build_report
from quantbox.backtesting.report.trading import Trading
from quantbox.core.foreign_json import parse_foreign_json
from quantbox.jobs.child import ChildEnd, ChildEndKind, ChildLimits, run_child
from quantbox.jobs.models import Reason

__all__ = ["ChildRun", "build_result"]

#: As much of what the strategy printed as is kept.
LOG_LINES = 2000

#: What the child's result must hold; the rest of its body goes to the report.
DOCUMENT_KEYS = ("final_value", "final_cash", "trades", "rejected", "warnings", "equity")


class ChildRun:
    """Runs the strategy in a child and keeps what it told on the way.

    Parameters
    ----------
    run : RunInput
        What the child reads.
    limits : ChildLimits
        Time and memory it may use.
    report : callable
        Told the finished fraction as it grows and about once a second; what it raises ends the child.
    """

    def __init__(self, run: RunInput, limits: ChildLimits, report: Callable[[float], None]) -> None:
        self._run = run
        self._limits = limits
        self._report = report
        self._fraction = 0.0
        #: Where the strategy was last seen: line, bar_date, last_bar_date.
        self._position: dict[str, Any] = {}
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._is_truncated = False

    @property
    def log(self) -> list[str]:
        """Return the last lines that the strategy printed."""
        return [*self._log, "…"] if self._is_truncated else list(self._log)

    def start(self) -> ChildEnd:
        """Run the child to its end."""
        feeds = [feed.to_arrow() for feed in self._run.feeds]
        end = run_child(self._run.to_header(), feeds, limits=self._limits, on_frame=self._hear)
        self._is_truncated = end.is_truncated
        return replace(end, reason=self._locate(end.reason) if end.reason else None)

    def _hear(self, frame: dict[str, Any]) -> bool:
        if frame["type"] == "log":
            self._log.extend(frame["lines"])
            return False
        if frame["type"] == "progress":
            self._fraction = float(frame["fraction"])
            self._position |= {"last_bar_date": frame["bar_date"]}
        if frame["type"] == "position":
            self._position |= {"line": frame["line"], "bar_date": frame["bar_date"], "last_bar_date": frame["bar_date"]}
        self._report(self._fraction)
        return False

    def _locate(self, reason: Reason) -> Reason:
        # a child that was stopped or died could not say where; the line and bar it was last seen at are named
        heard = {"file": self._run.request.file_name, "last_bar_date": None, **self._position}
        return replace(reason, facts={**heard, **reason.facts})


def build_result(run: RunInput, end: ChildEnd, log: list[str], duration_seconds: float) -> BacktestResult:
    """Return the document and the report of a child that ended with a result.

    Raises
    ------
    ResultInvalid
        When a value in it is no number.
    """
    from quantbox.market_data import rules

    if end.kind is not ChildEndKind.RESULT or end.body is None:
        raise ValueError(f"a child that ended as {end.kind} has no result")
    body = parse_foreign_json(end.body, _refuse_constant)
    trading = Trading.from_document(run, body)
    made = build_report(trading)
    citation = rules.citation() if run.request.rules else {"rules": "off", "broker": "backtrader.brokers.BackBroker"}
    fingerprints = compute_fingerprints(run, citation)
    document = {
        "status": "succeeded",
        **{key: body[key] for key in DOCUMENT_KEYS},
        "warnings": [*body["warnings"], *made.warnings],
        "statistics": made.statistics,
        "fingerprints": fingerprints,
    }
    environment = {
        "digests": digest_fingerprints(fingerprints),
        "engine": body["engine"],
        "bars": body["bars"],
        "run_seconds": body["run_seconds"],
        "platform": platform.platform(terse=True),
    }
    sheet = {**made.sheet, "log": log, "duration_seconds": duration_seconds, "environment": environment}
    return BacktestResult(document, sheet)


def _refuse_constant(value: str) -> NoReturn:
    raise ResultInvalid(value=value)

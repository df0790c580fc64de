"""What people take with them when they leave: plain files in one ZIP that any tool opens with a pass phrase.

AES-256 as WinZip, 7-Zip and macOS archivers read it (WZ_AES). That format stretches a pass phrase by a thousand rounds of
PBKDF2 only, and shows the names of its files to anybody: so the names here say nothing, and a pass phrase must be long.
Nothing is written to the disk on the way.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from quantbox.backtesting.models import BacktestResult
from quantbox.backtesting.service import Backtesting
from quantbox.core.clock import Clock
from quantbox.core.errors import QuantBoxError
from quantbox.core.spreadsheet import write_csv
from quantbox.user_auth.settings import SettingsService
from quantbox.vault.wrappers.passphrase import check_length

__all__ = ["KINDS", "Kind", "PlainExport"]

Kind = Literal["strategies", "trades", "settings", "backtests"]
KINDS: tuple[Kind, ...] = ("strategies", "trades", "settings", "backtests")

_TRADE_COLUMNS = ("date", "symbol", "side", "price", "size", "commission", "stamp_tax", "transfer_fee")
_PAGE = 200


class PlainExport:
    """Writes the export of an account.

    Parameters
    ----------
    backtesting : Backtesting
        Has the strategies, their trades and results.
    settings : SettingsService
        Has the settings.
    clock : Clock
        Dates the file.
    read_archived : callable
        Returns the result of a backtest whose report lies at the other place, by its id and account.
    """

    def __init__(
        self,
        backtesting: Backtesting,
        settings: SettingsService,
        clock: Clock,
        read_archived: Callable[[str, str], BacktestResult],
    ) -> None:
        self._backtesting, self._settings, self._clock = backtesting, settings, clock
        self._read_archived = read_archived

    def write(self, account_id: str, passphrase: str, kinds: Iterable[Kind]) -> bytes:
        """Return the ZIP with the kinds asked for.

        Raises
        ------
        PassphraseShort
            The pass phrase has fewer than 12 characters.
        """
        import pyzipper

        check_length(passphrase)
        content, wanted = io.BytesIO(), set(kinds)
        with pyzipper.AESZipFile(content, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(passphrase.encode())
            archive.setencryption(pyzipper.WZ_AES, nbits=256)
            for name, data in self._files(account_id, wanted):
                entry = archive.zipinfo_cls(name, date_time=self._clock.now().timetuple()[:6])
                entry.compress_type = pyzipper.ZIP_DEFLATED
                archive.writestr(entry, data)
        return content.getvalue()

    def _files(self, account_id: str, wanted: set[Kind]) -> Iterator[tuple[str, bytes]]:
        rows = list(self._rows(account_id))
        if wanted & {"trades", "backtests"}:
            rows, left_out = self._with_documents(account_id, rows)
            if left_out:
                yield "not-included.json", _json(left_out)
        if "strategies" in wanted:
            yield from self._strategies(account_id, rows)
        if "trades" in wanted:
            yield "trades.csv", self._trades(rows)
        if "backtests" in wanted:
            yield "backtests.json", _json([self._summary(row) for row in rows])
        if "settings" in wanted:
            yield "settings.json", _json(vars(self._settings.get(account_id)))

    def _rows(self, account_id: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = self._backtesting.list_backtests(account_id, cursor=cursor, limit=_PAGE)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def _with_documents(self, account_id: str, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
        """Return the rows with their documents, and which of them the other place does not give, and why."""
        found: list[dict[str, Any]] = []
        left_out: list[dict[str, str]] = []
        for row in rows:
            document: dict[str, Any] | None = None
            if row["is_archived"]:
                try:
                    document = self._read_archived(row["id"], account_id).document
                except QuantBoxError as problem:
                    left_out.append({"id": row["id"], "zh": problem.message("zh"), "en": problem.message("en")})
            elif row["state"] == "succeeded":
                document = self._backtesting.result(row["id"], account_id).document
            found.append({**row, "document": document})
        return found, left_out

    def _strategies(self, account_id: str, rows: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
        """Yield each different source once, and the index that tells what it was called and which backtests ran it."""
        found: dict[str, dict[str, Any]] = {}
        sources: list[tuple[str, bytes]] = []
        for row in reversed(rows):  # oldest first: numbers stay when more are added
            source = self._backtesting.request(row["id"], account_id).source.encode("utf-8", "surrogatepass")
            sha256 = hashlib.sha256(source).hexdigest()
            if sha256 not in found:
                name = f"strategies/strategy-{len(found) + 1:04}.py"
                found[sha256] = {"path": name, "file_name": row["file_name"], "sha256": sha256, "backtests": []}
                sources.append((name, source))
            found[sha256]["backtests"].append(row["id"])
        yield from sources
        yield "strategies/index.json", _json(list(found.values()))

    def _trades(self, rows: list[dict[str, Any]]) -> bytes:
        lines = [
            [row["id"], row["title"], *(trade[column] for column in _TRADE_COLUMNS)]
            for row in rows
            for trade in (row["document"] or {"trades": []})["trades"]
        ]
        return write_csv(["backtest_id", "title", *_TRADE_COLUMNS], lines)

    def _summary(self, row: dict[str, Any]) -> dict[str, Any]:
        summary = {name: value for name, value in row.items() if name not in ("progress", "stage", "document")}
        document = row["document"]
        if document is not None:
            summary |= {name: document[name] for name in ("final_value", "final_cash", "statistics", "equity")}
        return summary


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8", "replace")

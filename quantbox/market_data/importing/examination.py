"""One file from its bytes to bars that may be stored, or to the reason why not; nothing is written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.bar_length import find_frequency
from quantbox.market_data.importing.declared_adjust import agree_declarations, check_adjusted, check_raw, refuse_negative_prices
from quantbox.market_data.importing.delimited import read_delimited
from quantbox.market_data.importing.layouts import TDX_DAY, TDX_MINUTE
from quantbox.market_data.importing.models import Accepted, QuarantinedRow, Reading
from quantbox.market_data.importing.quarantine import Sieve, quarantine
from quantbox.market_data.importing.row_checks import check_rows, check_times, take_out_suspended
from quantbox.market_data.importing.sniffing import recognise
from quantbox.market_data.importing.symbol_of import (
    Claim,
    check_against_stored,
    claim_of_content,
    claim_of_file_name,
    claim_of_text,
    settle_symbol,
)
from quantbox.market_data.importing.tdx_binary import read_tdx_binary
from quantbox.market_data.importing.units import scale_prices, to_shares_and_yuan
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Frequency, InstrumentKind, Symbol
from quantbox.market_data.symbols import kind_of

__all__ = ["Examination", "Question", "examine_file"]

#: Beyond this share of bad rows the rest is not believed; a short file may still have a few.
_BAD_SHARE = 0.05
_BAD_ROWS_ALWAYS_BORNE = 10
_ADJUSTED = (Adjust.QFQ, Adjust.HFQ)


@dataclass(frozen=True)
class Question:
    """What the owner said of all files of one import, and what the day is.

    Attributes
    ----------
    stored_closes : callable
        Raw daily bars stored for a symbol (`date`, `close`), empty where there are none.
    """

    symbol: Symbol | None
    adjust: Adjust | None
    today: date
    stored_closes: Callable[[Symbol], pl.DataFrame]


@dataclass
class Examination:
    """What came of one file; `refused` set means that nothing of it is taken."""

    path: Path
    format: str | None = None
    declared: Adjust | None = None
    accepted: list[Accepted] = field(default_factory=list)
    quarantined: list[QuarantinedRow] = field(default_factory=list)
    refused: refusals.FileRefused | None = None


def examine_file(path: Path, question: Question) -> Examination:
    """Return what `path` holds; a refusal is part of the answer, never raised."""
    examination = Examination(path)
    try:
        _examine(examination, question)
    except refusals.FileRefused as refusal:
        examination.refused, examination.accepted = refusal, []
    except OSError as error:
        examination.refused, examination.accepted = refusals.FileUnreadable(reason=error.strerror or str(error)), []
    examination.quarantined.sort(key=lambda row: row.line)
    return examination


def _examine(examination: Examination, question: Question) -> None:
    path = examination.path
    if not path.is_file():
        raise refusals.FileMissing
    found = recognise(path)
    examination.format = found.layout.format
    is_binary = found.layout in (TDX_DAY, TDX_MINUTE)
    reading = read_tdx_binary(path, found.layout) if is_binary else read_delimited(path, found)
    examination.quarantined += reading.quarantined
    examination.declared = reading.declared or question.adjust
    total = reading.rows.height + len(reading.quarantined)
    if total == 0:
        raise refusals.FileEmpty
    timely = Sieve(reading.rows, reading.headers)
    check_times(timely, question.today)
    examination.quarantined += timely.set_aside
    parts = _split_by_symbol(timely.rows, reading, question, path.name, examination.quarantined)
    declared = agree_declarations(question.adjust, reading.declared)
    examination.declared = declared
    for symbol, rows in parts:
        accepted = _accept(symbol, rows, reading, declared, examination.quarantined)
        if accepted is not None:
            examination.accepted.append(accepted)
    _refuse_poor_file(examination.quarantined, total)
    for accepted in examination.accepted:
        _check_content(accepted, declared, question)
    if not examination.accepted:
        raise refusals.NothingLeft


def _split_by_symbol(
    rows: pl.DataFrame, reading: Reading, question: Question, file_name: str, quarantined: list[QuarantinedRow]
) -> list[tuple[Symbol, pl.DataFrame]]:
    others = [claim_of_text(question.symbol)] if question.symbol else []
    others.append(claim_of_file_name(file_name))
    witnesses = [claim for claim in others if claim is not None]
    if reading.title_code is not None:
        title = claim_of_content(reading.title_code, reading.title_name, reading.layout)
        witnesses = [claim for claim in (title,) if claim is not None] + witnesses
    by_code = rows.partition_by("code", as_dict=True, maintain_order=True)
    parts: dict[Symbol, list[pl.DataFrame]] = {}
    for (code,), of_code in by_code.items():
        names = of_code["name"].drop_nulls()
        claim = None if code is None else claim_of_content(code, names[0] if len(names) else None, reading.layout)
        if claim is None and (code is not None or len(by_code) > 1):
            header = reading.headers.get("code", "code")
            quarantined += [quarantine(line, header, "code_unreadable", value=(code or "")[:80]) for line in of_code["line"]]
            continue
        claims: list[Claim] = ([claim] if claim else []) + witnesses
        parts.setdefault(settle_symbol(claims), []).append(of_code)
    return [(symbol, pl.concat(frames).sort("line")) for symbol, frames in parts.items()]


def _accept(
    symbol: Symbol, rows: pl.DataFrame, reading: Reading, declared: Adjust | None, quarantined: list[QuarantinedRow]
) -> Accepted | None:
    """Return the bars of one symbol; None when no row of it is one. Bad rows are added to `quarantined`."""
    kind = kind_of(symbol)
    if kind not in (InstrumentKind.STOCK, InstrumentKind.INDEX, InstrumentKind.FUND, InstrumentKind.BOND):
        raise refusals.SymbolUnreadable(text=symbol)
    rows, frequency = find_frequency(rows, reading.layout)
    rows, suspended_days = take_out_suspended(scale_prices(rows, reading.layout, symbol), kind)
    sieve = Sieve(rows, reading.headers)
    check_rows(sieve, kind, may_be_negative=declared in _ADJUSTED or bool((rows["low"] < 0).any()))
    quarantined += sieve.set_aside
    if sieve.rows.is_empty():
        return None
    refuse_negative_prices(sieve.rows, declared)
    rows, notes = to_shares_and_yuan(sieve.rows, reading.layout, symbol, frequency, declared)
    names = rows["name"].drop_nulls()
    return Accepted(
        symbol=symbol,
        name=reading.title_name or (names[-1] if len(names) else ""),
        frequency=frequency,
        bars=_to_bars(symbol, rows),
        suspensions=pl.DataFrame({"date": suspended_days}).select(pl.lit(symbol).alias("symbol"), "date"),
        adjust=declared or Adjust.UNKNOWN,
        is_display_only=declared in _ADJUSTED,
        notes=notes,
    )


def _to_bars(symbol: Symbol, rows: pl.DataFrame) -> pl.DataFrame:
    midnight = pl.col("date").cast(pl.Datetime("us"))
    return (
        rows.select(
            pl.lit(symbol).alias("symbol"),
            "date",
            pl.when(pl.col("minute").is_not_null()).then(midnight + pl.duration(minutes=pl.col("minute"))).alias("time"),
            "open",
            "high",
            "low",
            "close",
            "volume",
            "amount",
            pl.when(pl.col("pre_close") > 0).then("pre_close").alias("pre_close"),
            "is_st",
        )
        .cast(pl.Schema(BAR_SCHEMA))
        .sort("date", "time")
    )


def _check_content(accepted: Accepted, declared: Adjust | None, question: Question) -> None:
    check_raw(accepted.symbol, accepted.bars, declared)
    check_adjusted(accepted.symbol, accepted.bars, declared)
    if accepted.frequency is Frequency.DAY and not accepted.is_display_only:
        check_against_stored(accepted.symbol, accepted.bars, question.stored_closes(accepted.symbol))


def _refuse_poor_file(quarantined: list[QuarantinedRow], total: int) -> None:
    bad = len({row.line for row in quarantined})
    if bad <= max(_BAD_ROWS_ALWAYS_BORNE, _BAD_SHARE * total) and bad * 2 <= total:
        return
    first = min(quarantined, key=lambda row: row.line)
    raise refusals.TooManyBadRows(
        rows=total,
        bad=bad,
        limit_pct=f"{_BAD_SHARE * 100:g}",
        line=first.line,
        column=first.column,
        reason_zh=first.reason.in_language("zh"),
        reason_en=first.reason.in_language("en"),
    )

"""Dated records of market rules, and the one in force on a day.

Two books are read as one: the library marina-rules, whose records carry the exchange's own text with its hash, and
our own table for what it declares it does not hold. Where both speak, the library does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

import marina_rules

from quantbox.market_data.models import Market

__all__ = ["Record", "Verification", "citation", "find_record", "get_record", "own", "records"]

#: marina-rules names exchanges by their ISO 10383 codes.
_MARKETS = {"XSHG": Market.SH, "XSHE": Market.SZ, "BJSE": Market.BJ}


class Verification(StrEnum):
    """How well a record is founded."""

    VERIFIED = "verified"  # official text, quoted and hashed
    SINGLE_SOURCE = "single-source"  # one such text
    SECONDARY = "secondary"  # read in several descriptions of the rule, not in its text
    UNVERIFIED = "unverified"  # common knowledge, not checked


@dataclass(frozen=True)
class Record:
    """One rule for one group of instruments from a day on.

    Attributes
    ----------
    fact : str
        What it rules: "price_limit_pct", "lot", ...
    scope : str
        Group of instruments: "main_board", "st_main", "etf", ...
    value : object
        As the book writes it; percentages and rates as fractions.
    effective_to : date or None
        First day on which it no longer holds; None while it does.
    source : str
        Address of the official text, or where the record comes from.
    """

    id: str
    fact: str
    scope: str
    markets: tuple[Market, ...]
    value: Any
    effective_from: date
    effective_to: date | None
    verification: Verification
    source: str

    def holds_on(self, on: date) -> bool:
        """Return whether the record is in force on the day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


def own(
    fact: str,
    scope: str,
    value: Any,
    period: tuple[date, date | None],
    foundation: tuple[Verification, str],
    *,
    markets: tuple[Market, ...] = (Market.SH, Market.SZ),
) -> Record:
    """Return a record of our own table: from the first day of `period` until the day before its second."""
    identity = f"own.{fact}.{scope}.{'+'.join(markets)}.{period[0]}"
    return Record(identity, fact, scope, markets, value, *period, *foundation)


@lru_cache(maxsize=1)
def records() -> tuple[Record, ...]:
    """Return every record, the library's first."""
    from quantbox.market_data.rules.own_records import OWN_RECORDS

    return (*(_from_library(record) for record in marina_rules.records()), *OWN_RECORDS)


@lru_cache(maxsize=65536)
def find_record(fact: str, scope: str, market: Market, on: date) -> Record | None:
    """Return the record in force on the day, or None when neither book has one."""
    for record in _of(fact, scope, market):
        if record.holds_on(on):
            return record
    return None


def get_record(fact: str, scope: str, market: Market, on: date) -> Record:
    """Return the record in force on the day; both books together cover every day since 1990-12-19.

    Raises
    ------
    LookupError
        The tables have a hole, which is a mistake of ours.
    """
    record = find_record(fact, scope, market, on)
    if record is None:
        raise LookupError(f"no {fact} of {scope} on {market} in force on {on}")
    return record


@lru_cache(maxsize=1)
def citation() -> dict[str, str]:
    """Return which rules a result stands on, by name, version and hash.

    `sha256` covers the content of all records of both books and is the same on every operating system.
    """
    content = json.dumps([asdict(record) for record in records()], sort_keys=True, default=str, ensure_ascii=False)
    return {
        "book": "marina-rules",
        "version": marina_rules.VERSION,
        "own_records": str(sum(record.id.startswith("own.") for record in records())),
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
    }


@lru_cache(maxsize=1024)
def _of(fact: str, scope: str, market: Market) -> tuple[Record, ...]:
    return tuple(one for one in records() if one.fact == fact and one.scope == scope and market in one.markets)


def _from_library(record: marina_rules.Record) -> Record:
    return Record(
        id=record.id,
        fact=record.rule,
        scope=record.scope,
        markets=tuple(_MARKETS[name] for name in record.market.split("+")),
        value=record.value,
        effective_from=date.fromisoformat(record.effective_from),
        effective_to=None if record.effective_to is None else date.fromisoformat(record.effective_to),
        verification=Verification(record.verification),
        source=record.sources[0]["url"] if record.sources else "",
    )

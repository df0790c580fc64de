"""Documents as a person reads them in a terminal."""

from __future__ import annotations

import sys
from typing import Any

from quantbox.core.text import Language, Text

__all__ = ["write_for_people"]

REFUSED = Text("未导入", "refused")
MARKS = {True: "✓", False: "✗", None: "·"}


def write_for_people(document: dict[str, Any], language: Language) -> None:
    """Print a command's document to stdout."""
    if "checks" in document:
        lines = [
            f"{MARKS[c['ok']]} {c['name']}: {plain(c['value'])}" + (f"  → {c['action']}" if c["action"] else "")
            for c in document["checks"]
        ]
    elif "files" in document:
        lines = [describe_file(file, language) for file in document["files"]]
    elif "next_cursor" in document:
        lines = [describe_record(record) for record in document["items"]] or ["✓"]
    elif "people" in document:
        lines = [describe_person(person) for person in document["people"]] or ["–"]
    elif "findings" in document:
        lines = [f"{f['symbol']} {f['date']} {f['kind']}: {plain(f['evidence'])}" for f in document["findings"]] or ["✓"]
    elif "bars" in document:
        keys = ("date", "open", "high", "low", "close", "volume", "amount", "pre_close", "factor")
        lines = [
            " ".join(f"{plain(bar[key]):>14}" for key in keys) for bar in [dict(zip(keys, keys, strict=True)), *document["bars"]]
        ]
    elif "statistics" in document:
        lines = describe_backtest(document, language)
    else:
        lines = [f"{key}: {plain(value)}" for key, value in document.items()]
    sys.stdout.write("\n".join(lines) + "\n")


def describe_person(person: dict[str, Any]) -> str:
    """Return one line on a person."""
    mark = MARKS[person["is_active"] and person["has_password"]]
    return " ".join([mark, person["name"], person["role"], *person["second_factors"]])


def plain(value: Any) -> str:
    """Return one value as text."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(plain(entry) for entry in value)
    return str(value)


def describe_record(record: dict[str, Any]) -> str:
    """Return one line on a record of the audit log; control letters of what others wrote do not reach the terminal."""
    who = " ".join(filter(None, (record["actor"] or "–", record["address"])))
    line = f"{record['seq']:>6} {record['at'][:19]}Z {record['outcome']:<7} {record['act']:<20} {who}  {plain(record['facts'])}"
    return "".join(letter if letter.isprintable() else "·" for letter in line)


def describe_file(file: dict[str, Any], language: Language) -> str:
    """Return one line on an imported file."""
    if file["refused"] is not None:
        return f"✗ {file['path']}: {REFUSED.in_language(language)}: {file['refused']}"
    span = f"[{file['first']} … {file['last']}]"
    text = f"✓ {file['path']}: {file['format']} {plain(file['symbols'])} {file['rows']} {span} {file['adjust']}"
    return "\n".join([text, *(f"    {bad['line']}: {bad['column']}: {bad['reason']}" for bad in file["quarantined"])])


def describe_backtest(document: dict[str, Any], language: Language) -> list[str]:
    """Return the lines on a backtest: figures, then what to doubt."""
    figures = Text(
        "期末权益 {value:,.2f} 元，现金 {cash:,.2f} 元，成交 {trades} 笔",
        "final value {value:,.2f} yuan, cash {cash:,.2f} yuan, {trades} fills",
    )
    facts = {"value": document["final_value"], "cash": document["final_cash"], "trades": len(document["trades"])}
    lines = [figures.with_facts(**facts).in_language(language)]
    lines += [f"{key}: {plain(value)}" for key, value in document["statistics"].items()]
    lines += [f"! {warning['message']}" for warning in document["warnings"]]
    return lines

"""`quantbox audit verify|list|export|anchor`."""

from __future__ import annotations

import argparse
from pathlib import Path

from quantbox.cli.answers import DONE, FAILED, run_command, show
from quantbox.cli.words import AddCommand, iso_date

__all__ = ["add_audit_commands"]


def add_audit_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `audit verify|list|export|anchor`."""
    audit = group.add_subparsers(dest="audit_command", required=True, metavar="ACTION")
    add(audit, "verify", "检查整份日志 / examine the whole log", run_audit_verify, store)
    listing = add(audit, "list", "查看记录，最新在前 / show records, newest first", run_audit_list, store)
    listing.add_argument("--text", metavar="WORDS", help="操作、人员、地址或内容 / part of an act, person, address or fact")
    listing.add_argument("--act", metavar="ACT")
    listing.add_argument("--outcome", choices=["done", "refused", "failed"])
    listing.add_argument("--limit", type=int, default=50, metavar="N")
    listing.add_argument("--cursor", metavar="CURSOR")
    exporting = add(audit, "export", "导出到文件 / write records to a file", run_audit_export, store)
    exporting.add_argument("--out", type=Path, required=True, metavar="FILE")
    exporting.add_argument("--format", choices=["csv", "jsonl"], default="csv")
    for dated in (listing, exporting):
        dated.add_argument("--start", type=iso_date, metavar="YYYY-MM-DD")
        dated.add_argument("--end", type=iso_date, metavar="YYYY-MM-DD")
    add(audit, "anchor", "数据移到本机后重新锚定 / anchor anew after the data was moved here", run_audit_anchor, store)


def run_audit_verify(options: argparse.Namespace) -> int:
    """Examine the audit log; exit 1 when it is not whole or not anchored."""
    document = run_command(options, "audit.verify", {})
    show(options, document)
    return DONE if document["ok"] else FAILED


def run_audit_list(options: argparse.Namespace) -> int:
    """Show records of the audit log."""
    names = ("text", "act", "outcome", "start", "end", "limit", "cursor")
    show(options, run_command(options, "audit.list", {name: getattr(options, name) for name in names}))
    return DONE


def run_audit_export(options: argparse.Namespace) -> int:
    """Write records of the audit log to a new file."""
    arguments = {"path": str(options.out.absolute()), "format": options.format, "start": options.start, "end": options.end}
    show(options, run_command(options, "audit.export", arguments))
    return DONE


def run_audit_anchor(options: argparse.Namespace) -> int:
    """Accept the audit log as it stands and anchor it anew."""
    document = run_command(options, "audit.anchor", {})
    show(options, document)
    return DONE if document["ok"] else FAILED

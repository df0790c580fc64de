"""Whether a run repeated another to the cent, and if not, what it was made from that has changed."""

from __future__ import annotations

from typing import Any

from quantbox.backtesting.models import BacktestResult

__all__ = ["compare_results"]


def compare_results(first: BacktestResult, second: BacktestResult) -> dict[str, Any]:
    """Compare two results.

    Returns
    -------
    dict
        `same`: fills, refusals, every day's equity and the final amounts agree to the cent. `first_difference`: the first
        day on which the equity differs, None where it never does. `changed`: names of the fingerprints that differ.
    """
    before, after = first.document, second.document
    return {
        "same": _to_cents(before) == _to_cents(after),
        "first_difference": _first_difference(before["equity"], after["equity"]),
        "changed": sorted(
            part for part in before["fingerprints"] if before["fingerprints"][part] != after["fingerprints"].get(part)
        ),
    }


def _to_cents(document: dict[str, Any]) -> list[Any]:
    return [
        round(document["final_value"], 2),
        round(document["final_cash"], 2),
        document["trades"],
        document["rejected"],
        [(point["date"], round(point["value"], 2)) for point in document["equity"]],
    ]


def _first_difference(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str | None:
    values_before = {point["date"]: round(point["value"], 2) for point in before}
    values_after = {point["date"]: round(point["value"], 2) for point in after}
    days = sorted(values_before.keys() | values_after.keys())
    return next((day for day in days if values_before.get(day) != values_after.get(day)), None)

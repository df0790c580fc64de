"""What a result was made from, so that "run again" can prove that it is the same, or say what has changed.

Bars are hashed as values and not as a file: the same bars give the same fingerprint whatever wrote or compressed them.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

import quantbox
from quantbox.backtesting.inputs import RunInput
from quantbox.backtesting.models import BacktestRequest

__all__ = ["compute_fingerprints", "digest_fingerprints", "hash_bars", "hash_json", "list_libraries"]

#: Whatever decides a fill, a value or a figure.
LIBRARIES = ("backtrader", "empyrical-reloaded", "marina-rules", "numpy", "pandas", "polars")

#: Columns that are fed, with the width they are hashed in.
COLUMNS: dict[str, str] = {
    "date": "<i4",
    "open": "<f8",
    "high": "<f8",
    "low": "<f8",
    "close": "<f8",
    "volume": "<i8",
    "amount": "<f8",
    "pre_close": "<f8",
    "is_st": "<i1",
}


def compute_fingerprints(run: RunInput, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return code, data, rules, libraries, seed and params of a run.

    Parameters
    ----------
    rules : mapping
        Citation of the rule book that decided the fills.

    Returns
    -------
    dict
        `code`, `data` and `params` are SHA-256 in hex, `rules` is the citation, `libraries` maps names to versions.
    """
    return {
        "code": hashlib.sha256(run.request.source.encode("utf-8", "surrogatepass")).hexdigest(),
        "data": _hash_data(run),
        "rules": dict(rules),
        "libraries": list_libraries(),
        "seed": run.request.seed,
        "params": hash_json(_settings(run.request)),
    }


def digest_fingerprints(fingerprints: Mapping[str, Any]) -> dict[str, str]:
    """Return one short-to-compare SHA-256 for each part, as the report shows them."""
    return {part: value if isinstance(value, str) else hash_json(value) for part, value in fingerprints.items() if part != "seed"}


def list_libraries() -> dict[str, str]:
    """Return the versions of everything that decides a result."""
    return {
        "quantbox": quantbox.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def hash_json(value: Any) -> str:
    """Return the SHA-256 of `value` written as JSON in one way only."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_bars(bars: pl.DataFrame) -> str:
    """Return the SHA-256 of the values of COLUMNS, nulls told from zeros.

    Parameters
    ----------
    bars : DataFrame
        Any of the columns of BAR_SCHEMA; columns it lacks are left out.
    """
    digest = hashlib.sha256()
    for name, width in COLUMNS.items():
        if name not in bars.columns:
            continue
        column = bars[name]
        missing = column.is_null().to_numpy().astype("<i1")
        plain = column.to_physical().cast(pl.Float64 if width == "<f8" else pl.Int64).fill_null(0).to_numpy()
        digest.update(f"{name}:{len(column)};".encode())
        digest.update(missing.tobytes())
        digest.update(np.ascontiguousarray(plain.astype(width)).tobytes())
    return digest.hexdigest()


def _hash_data(run: RunInput) -> str:
    return hash_json(
        {
            "feeds": [
                {
                    "symbol": feed.symbol,
                    "adjust": feed.series.adjust.value,
                    "bars": hash_bars(feed.bars),
                    "suspended": feed.suspended,
                    "listed_on": feed.instrument.listed_on,
                    "delisted_on": feed.instrument.delisted_on,
                    "kind": feed.instrument.kind.value,
                }
                for feed in run.feeds
            ],
            "sessions": run.sessions,
            "benchmark": [run.benchmark.symbol, hash_bars(run.benchmark.bars)],
        }
    )


def _settings(request: BacktestRequest) -> dict[str, Any]:
    settings = asdict(request)
    del settings["source"], settings["file_name"]
    return settings

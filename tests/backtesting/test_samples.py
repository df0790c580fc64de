"""The samples run outside QuantBox, and inside with the same result."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from quantbox.backtesting import samples
from quantbox.backtesting.engines import Engine, EngineInput, FeedBars
from quantbox.backtesting.loading import find_strategy, load_module
from quantbox.brokers.models import Listing

FOLDER = Path(samples.__file__).parent
PRICES = FOLDER / "prices.csv"


def feeds(path: Path) -> tuple[FeedBars, ...]:
    frame = pl.read_csv(path, try_parse_dates=True)
    return tuple(
        FeedBars.from_frame(bars, Listing(str(symbol))) for (symbol,), bars in frame.group_by("symbol", maintain_order=True)
    )


@pytest.mark.parametrize(
    ("name", "arguments", "cash"),
    [
        ("sma_cross.py", (), 100_000),  # what it runs when nothing is said
        *((name, (str(FOLDER / name), str(PRICES), "250000"), 250_000) for name in samples.SAMPLES if name != "sma_cross.py"),
    ],
)
def test_run_py_prints_the_final_value_of_the_engine_with_rules_off(
    name: str, arguments: tuple[str, ...], cash: int, tmp_path: Path
) -> None:
    command = [sys.executable, str(FOLDER / "run.py"), *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    strategy = find_strategy(load_module((FOLDER / name).read_text(encoding="utf-8"), name))
    result = Engine(EngineInput(strategy, {}, feeds(PRICES), Decimal(cash), rules=False), lambda *_: None).run()
    assert done.stdout.strip() == f"final value {result.final_value!r}"
    assert len(result.trades) >= 5


def test_samples_import_nothing_of_quantbox() -> None:
    for path in FOLDER.glob("*.py"):
        if path.name != "__init__.py":
            assert "quantbox" not in path.read_text(encoding="utf-8").lower().replace("quantbox 之外", "").replace(
                "without quantbox", ""
            )


def test_the_list_describes_every_sample_in_both_languages() -> None:
    listed = samples.list_samples()
    assert [sample["file_name"] for sample in listed] == list(samples.SAMPLES)
    assert [sample["class_name"] for sample in listed] == ["SmaCross", "BollingerReversion", "MomentumRotation"]
    assert listed[0]["title"] == {"zh": "均线交叉", "en": "SMA cross"}
    assert listed[0]["params"] == [
        {"name": "fast", "default": 5, "type": "int"},
        {"name": "slow", "default": 20, "type": "int"},
        {"name": "stake", "default": 0.95, "type": "float"},
    ]
    for sample in listed:
        assert all(sample[part][language] for part in ("title", "about") for language in ("zh", "en"))


def test_the_invented_prices_are_sound() -> None:
    frame = pl.read_csv(PRICES, try_parse_dates=True)
    assert frame["date"].min() == date(2022, 1, 4)
    assert frame.filter(
        ~((pl.col("low") <= pl.min_horizontal("open", "close")) & (pl.col("high") >= pl.max_horizontal("open", "close")))
    ).is_empty()

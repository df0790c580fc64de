"""Every finding of a check has its sentence on the page, from facts that its evidence really holds."""

from __future__ import annotations

import re

import polars as pl

from quantbox.market_data import checks
from quantbox.market_data.checks import Finding
from quantbox.market_data.models import Adjust
from tests.market_data.bars import make_bars
from tests.market_data.test_checks import CLOSES, check
from tests.static.pages import words

KINDS = set(re.findall(r"^- ``(\w+)``", checks.__doc__ or "", re.MULTILINE))
#: Said by the page itself: the finding's day, and names in the reader's language.
OWN = {"date", "weekday", "reference_name"}


def planted() -> list[Finding]:
    """One fault of every kind, and the volumes of a file without amounts."""
    sound = make_bars("600519.SH", CLOSES)
    gap = make_bars("600519.SH", CLOSES, pre_close=None).filter(pl.col("date") != sound["date"][2])
    lots = make_bars("600519.SH", CLOSES, volume=[1000] * 3 + [10] * 3, amount=[1000 * close for close in CLOSES])
    bare = make_bars("600519.SH", [10.0] * 60, volume=[100_000] * 30 + [1_000] * 30, amount=None)
    return [
        *check(make_bars("600519.SH", CLOSES, high=[10.0, 10.0, *CLOSES[2:]])),
        *check(make_bars("600519.SH", CLOSES, low=[0.0, *CLOSES[1:]])),
        *check(pl.concat([sound, sound.slice(2, 1)]).sort("date")),
        *check(sound, closed=(sound["date"][4],)),
        *check(gap),
        *check(lots),
        *check(bare, adjust=Adjust.UNKNOWN),
        *check(make_bars("600519.SH", CLOSES, amount=[10_000.0, 11_100.0, *[1000 * close for close in CLOSES[2:]]])),
        *check(make_bars("600519.SH", [10.0, 10.1, 5.0, 5.1], pre_close=[None, 10.0, 10.1, 5.0])),
    ]


def test_every_kind_of_finding_has_a_name_and_a_sentence() -> None:
    named = {key.removeprefix("finding.") for key in words("zh") if key.startswith("finding.")}
    said = {key.removeprefix("found.") for key in words("zh") if key.startswith("found.")}
    assert (named, said) == (KINDS, KINDS | {"volume_unit_step"})


def test_sentences_name_what_the_evidence_holds() -> None:
    seen = set()
    for finding in planted():
        key = "volume_unit_step" if "before" in finding.evidence else finding.kind
        seen.add(key)
        fields = set(re.findall(r"\{(\w+)\}", words("zh")[f"found.{key}"]))
        assert fields <= set(finding.evidence) | OWN, key
        if "reference_is" in finding.evidence:
            assert f"reference.{finding.evidence['reference_is']}" in words("zh")
    assert seen == KINDS | {"volume_unit_step"}

from __future__ import annotations

import timeit
from datetime import date
from decimal import Decimal

import marina_rules

from quantbox.market_data.models import Market
from quantbox.market_data.rules import Verification, citation, limit_prices, lot, records, stamp_tax_rate
from quantbox.market_data.rules.records import find_record


def test_every_record_says_when_it_began_where_it_comes_from_and_how_sure_it_is() -> None:
    for record in records():
        assert record.verification in Verification
        assert record.source, record.id
        assert record.markets, record.id
        assert record.effective_to is None or record.effective_to > record.effective_from


def test_all_records_of_the_library_are_here() -> None:
    ids = {record.id for record in records()}
    assert {record.id for record in marina_rules.records()} <= ids
    assert len(ids) == len(records())


def test_our_own_records_never_hold_on_a_day_the_library_rules() -> None:
    library = [record for record in records() if not record.id.startswith("own.")]
    for ours in records()[len(library) :]:
        for theirs in library:
            if (ours.fact, ours.scope) != (theirs.fact, theirs.scope) or not set(ours.markets) & set(theirs.markets):
                continue
            ours_end, theirs_end = ours.effective_to or date.max, theirs.effective_to or date.max
            assert ours_end <= theirs.effective_from or theirs_end <= ours.effective_from, (ours.id, theirs.id)


def test_of_one_rule_one_record_holds_on_a_day() -> None:
    for record in records():
        for market in record.markets:
            assert find_record(record.fact, record.scope, market, record.effective_from) == record


def test_a_rule_nobody_made_is_not_found() -> None:
    assert find_record("price_limit_pct", "star", Market.SH, date(2010, 1, 4)) is None


def test_the_citation_names_book_version_and_hash() -> None:
    cited = citation()
    assert cited["version"] == marina_rules.VERSION
    assert len(cited["sha256"]) == 64
    assert int(cited["own_records"]) == len(records()) - len(marina_rules.records())


def test_a_rule_asked_for_again_costs_microseconds() -> None:
    on, price = date(2024, 1, 2), Decimal("10.01")

    def ask() -> None:
        limit_prices("600519.SH", on, price, is_st=False, listed_on=None, sessions_since_listing=300)
        lot("600519.SH", on)
        stamp_tax_rate("600519.SH", on, "sell")

    ask()
    assert min(timeit.repeat(ask, number=2000, repeat=5)) / 2000 < 20e-6  # 1.2 µs measured

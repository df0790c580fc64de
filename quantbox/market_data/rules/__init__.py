"""The dated facts of the A-share market: price limits, lots, price steps, taxes, fees, settlement, hours.

Every function takes the day and answers with what was in force on it; nothing here acts on an order. Facts come from
the library marina-rules and, where it has none, from our own table, each with its source and how well it is founded.
"""

from quantbox.market_data.rules.costs import (
    commission_cap_rate,
    commission_minimum_yuan,
    stamp_tax_rate,
    transfer_fee_rate,
)
from quantbox.market_data.rules.price_limits import LimitBand, limit_band, limit_prices
from quantbox.market_data.rules.records import Record, Verification, citation, records
from quantbox.market_data.rules.trading_units import Lot, Schedule, lot, sessions, settlement_days, tick

__all__ = [
    "LimitBand",
    "Lot",
    "Record",
    "Schedule",
    "Verification",
    "citation",
    "commission_cap_rate",
    "commission_minimum_yuan",
    "limit_band",
    "limit_prices",
    "lot",
    "records",
    "sessions",
    "settlement_days",
    "stamp_tax_rate",
    "tick",
    "transfer_fee_rate",
]

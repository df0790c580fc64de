"""Our own dated rules: what marina-rules does not hold (lots, Beijing's costs) and the years before its records.

Each row says how well it is founded. Unverified rows are there so that a backtest over old years runs at all; what a
result owes to them can be read from its rule citation.
"""

from __future__ import annotations

from datetime import date

from quantbox.market_data.models import Market
from quantbox.market_data.rules.records import Verification, own

__all__ = ["OWN_RECORDS"]

_ALL = (Market.SH, Market.SZ, Market.BJ)
_SH, _SZ, _BJ = (Market.SH,), (Market.SZ,), (Market.BJ,)
_SECONDARY, _UNVERIFIED = Verification.SECONDARY, Verification.UNVERIFIED

#: Shanghai opened on this day; there is nothing to rule before. Beijing opened on 2021-11-15; its rows reach back because
#: its first shares bring bars of NEEQ's select tier (2020-07-27), whose own rules are not encoded.
_OPENING = date(1990, 12, 19)
_LIMITS = date(1996, 12, 16)
_RULES_2006 = date(2006, 7, 1)

_KNOWN = "common knowledge, not checked against an official text"
_TAX = "notices of the finance ministry on the stamp tax on securities trades, as commonly listed"
_LOTS = "exchange trading rules as described by several brokers and open-source projects"

_LOTS_RECORDS = (
    own("lot", "stock", (100, 100), (_OPENING, None), (_SECONDARY, _LOTS)),
    own("lot", "chinext", (100, 100), (date(2009, 10, 30), None), (_SECONDARY, _LOTS), markets=_SZ),
    own("lot", "star", (200, 1), (date(2019, 7, 22), None), (_SECONDARY, _LOTS), markets=_SH),
    own("lot", "bse", (100, 1), (_OPENING, None), (_SECONDARY, _LOTS), markets=_BJ),
    own("lot", "fund", (100, 100), (_OPENING, None), (_SECONDARY, _LOTS)),
    own("lot", "convertible", (10, 10), (_OPENING, None), (_SECONDARY, _LOTS), markets=_ALL),
)

#: Rates of buyer and seller. The seller alone pays since 2008-09-19 (marina-rules).
_STAMP_TAX_RECORDS = (
    own("stamp_duty", "stock", ("0", "0"), (_OPENING, date(1992, 6, 12)), (_UNVERIFIED, _KNOWN)),
    own("stamp_duty", "stock", ("0.003", "0.003"), (date(1992, 6, 12), date(1997, 5, 12)), (_UNVERIFIED, _TAX)),
    own("stamp_duty", "stock", ("0.005", "0.005"), (date(1997, 5, 12), date(1998, 6, 12)), (_UNVERIFIED, _TAX)),
    own("stamp_duty", "stock", ("0.004", "0.004"), (date(1998, 6, 12), date(2001, 11, 16)), (_UNVERIFIED, _TAX)),
    own("stamp_duty", "stock", ("0.002", "0.002"), (date(2001, 11, 16), date(2005, 1, 24)), (_UNVERIFIED, _TAX)),
    own("stamp_duty", "stock", ("0.001", "0.001"), (date(2005, 1, 24), date(2007, 5, 30)), (_UNVERIFIED, _TAX)),
    own("stamp_duty", "stock", ("0.003", "0.003"), (date(2007, 5, 30), date(2008, 4, 24)), (_UNVERIFIED, _TAX)),
    own("stamp_duty", "stock", ("0.001", "0.001"), (date(2008, 4, 24), date(2008, 9, 19)), (_UNVERIFIED, _TAX)),
    # The tax is national; the notices the library quotes name no exchange.
    own("stamp_duty_sell", "stock", 0.001, (_OPENING, date(2023, 8, 28)), (_SECONDARY, _TAX), markets=_BJ),
    own("stamp_duty_sell", "stock", 0.0005, (date(2023, 8, 28), None), (_SECONDARY, _TAX), markets=_BJ),
)

_PAR_BASED = "before 2015-08-01 Shanghai charged by par value and Shenzhen within other fees; not expressible as a rate"
_FEE_RECORDS = (
    own("transfer_fee_each_side", "stock", 0, (_OPENING, date(2015, 8, 1)), (_UNVERIFIED, _PAR_BASED)),
    own("transfer_fee_each_side", "stock", 0.000025, (_OPENING, date(2022, 4, 29)), (_UNVERIFIED, _KNOWN), markets=_BJ),
    own("transfer_fee_each_side", "stock", 0.00001, (date(2022, 4, 29), None), (_UNVERIFIED, _KNOWN), markets=_BJ),
    own("commission_cap", "stock", 0.0035, (_OPENING, date(2002, 5, 1)), (_UNVERIFIED, _KNOWN)),
    own("commission_cap", "stock", 0.003, (_OPENING, None), (_UNVERIFIED, _KNOWN), markets=_BJ),
    own("commission_min_per_order_cny", "stock", 5, (_OPENING, date(2002, 5, 1)), (_UNVERIFIED, _KNOWN)),
    own("commission_min_per_order_cny", "stock", 5, (_OPENING, None), (_UNVERIFIED, _KNOWN), markets=_BJ),
)

_LIMIT_RECORDS = (
    # Shanghai gave limits up on 1992-05-21; the narrow and often changed ones before are not encoded.
    own("price_limit_pct", "main_board", "unlimited", (_OPENING, _LIMITS), (_UNVERIFIED, _KNOWN)),
    own("price_limit_pct", "b_share", "unlimited", (_OPENING, _LIMITS), (_UNVERIFIED, _KNOWN)),
    own("price_limit_pct", "etf", "unlimited", (_OPENING, _LIMITS), (_UNVERIFIED, _KNOWN)),
    own("price_limit_pct", "convertible", "unlimited", (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("price_limit_pct_of_issue_price", "convertible_day1", "unlimited", (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN)),
)

_SETTLEMENT_RECORDS = (
    own("min_holding_days", "stock", 0, (_OPENING, date(1995, 1, 1)), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "stock", 1, (_OPENING, None), (_SECONDARY, _KNOWN), markets=_BJ),
    own("min_holding_days", "b_share", 0, (_OPENING, date(2001, 12, 1)), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "b_share", 1, (date(2001, 12, 1), _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "etf", 1, (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "etf_bond", 1, (_OPENING, date(2015, 1, 19)), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "etf_gold", 1, (_OPENING, date(2015, 1, 19)), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "etf_crossborder", 1, (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("min_holding_days", "convertible", 0, (_OPENING, None), (_UNVERIFIED, _KNOWN), markets=_ALL),
)

_TICK_RECORDS = (
    own("tick_size", "stock", 0.01, (_OPENING, _RULES_2006), (_SECONDARY, "every quoted price of these years")),
    own("tick_size", "stock", 0.01, (_OPENING, None), (_SECONDARY, "every quoted price since the opening"), markets=_BJ),
    own("tick_size", "etf", 0.01, (_OPENING, date(2003, 3, 3)), (_UNVERIFIED, _KNOWN)),
    own("tick_size", "etf", 0.001, (date(2003, 3, 3), _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("tick_size", "b_share", 0.001, (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN), markets=_SH),
    own("tick_size", "b_share", 0.01, (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN), markets=_SZ),
    own("tick_size", "convertible", 0.001, (_OPENING, None), (_UNVERIFIED, _KNOWN), markets=_ALL),
)

_CONTINUOUS_TO_THREE = {
    "open_call": ["09:15", "09:25"],
    "continuous": [["09:30", "11:30"], ["13:00", "15:00"]],
    "close_call": None,
}
_CLOSING_CALL = {
    "open_call": ["09:15", "09:25"],
    "continuous": [["09:30", "11:30"], ["13:00", "14:57"]],
    "close_call": ["14:57", "15:00"],
}
_SESSION_RECORDS = (
    own("session_schedule", "stock", _CONTINUOUS_TO_THREE, (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("session_schedule", "etf", _CONTINUOUS_TO_THREE, (_OPENING, _RULES_2006), (_UNVERIFIED, _KNOWN)),
    own("session_schedule", "stock", _CLOSING_CALL, (_OPENING, None), (_UNVERIFIED, _KNOWN), markets=_BJ),
)

OWN_RECORDS = (
    *_LOTS_RECORDS,
    *_STAMP_TAX_RECORDS,
    *_FEE_RECORDS,
    *_LIMIT_RECORDS,
    *_SETTLEMENT_RECORDS,
    *_TICK_RECORDS,
    *_SESSION_RECORDS,
)

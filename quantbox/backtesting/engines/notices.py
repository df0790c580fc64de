"""What the reader of a result must know before trusting it: each a code, both languages, symbol and date where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from quantbox.backtesting.engines.a_share_broker import AShareBroker
from quantbox.backtesting.engines.feeds import BarFeed, FeedBars
from quantbox.backtesting.engines.models import EngineInput
from quantbox.backtesting.engines.recorder import Recorder
from quantbox.core.money import exact
from quantbox.core.text import Text
from quantbox.market_data import rules

__all__ = ["notices_of_broker", "notices_of_feeds", "notices_of_holdings"]

_TEXTS = {
    "adjust_unknown": Text(
        "{symbol} 的行情是否复权无法确认，按不复权价撮合",
        "Whether bars of {symbol} are adjusted is unknown; they were traded as unadjusted",
    ),
    "display_only": Text(
        "{symbol} 是仅供显示的复权行情，不能成交", "{symbol} is an adjusted series for display only; nothing fills on it"
    ),
    "not_tradable": Text(
        "{symbol} 不是可交易品种（如指数），委托一律拒绝", "{symbol} cannot be traded (an index, say); every order was refused"
    ),
    "pre_close_unknown": Text(
        "{symbol} 有 {days} 天没有前收盘价（首日 {date}），涨跌停改按上一日收盘价推算，除权日会不准，也无法识别除权日",
        "{symbol} has {days} days without pre_close (the first is {date}); price limits there stand on the close before, which "
        "is wrong on ex-dates, and ex-dates cannot be told",
    ),
    "st_unknown": Text(
        "{symbol} 在 {date} 起有 {days} 天不知是否 ST，按非 ST 的涨跌幅处理",
        "Whether {symbol} was ST is unknown on {days} days from {date}; the price limits of other stocks were used",
    ),
    "calendar_unknown": Text(
        "没有交易日历，无法识别只有一个品种时的停牌日",
        "There is no calendar of sessions, so days on which no symbol traded cannot be told",
    ),
    "ex_date_held": Text(
        "{date} 持有 {symbol} 过除权除息日（上日收盘 {close}，前收盘价 {pre_close}），分红送股尚未入账，收益偏离实际",
        "{symbol} was held over its ex-date {date} (close before {close}, pre_close {pre_close}); dividends and bonus shares are "
        "not booked yet, so the result differs from the real one",
    ),
    "bars_too_few": Text(
        "策略的指标需要 {symbol} 的 {needed} 根 K 线，区间内只有 {there} 根，策略没有机会交易",
        "The strategy's indicators need {needed} bars of {symbol} and the period has {there}, so it never came to trade",
    ),
    "bars_ended": Text(
        "{symbol} 的行情止于 {date}，期末仍持有，按最后收盘价计值",
        "Bars of {symbol} end on {date} while it is still held; it is valued at that last close",
    ),
    "limits_doubted": Text(
        "{symbol} 在 {date} 的成交价超出推算的涨跌停价 {lower}–{upper}，当日未套用涨跌停规则",
        "{symbol} traded on {date} beyond the price limits {lower} to {upper} that the rules give; no limit was applied that day",
    ),
    "setting_ignored": Text(
        "策略调用了 broker.{setting}，A 股规则下成交与费用由规则决定，已忽略",
        "The strategy called broker.{setting}; with A-share rules on, fills and costs follow the rules, so it was ignored",
    ),
    "cash_added": Text(
        "策略在 {date} 存取资金 {amount} 元，收益率未剔除其影响",
        "The strategy moved {amount} yuan into the account on {date}; returns are not corrected for it",
    ),
}


def _notice(name: str, symbol: str | None = None, on: date | None = None, **facts: Any) -> dict[str, Any]:
    said: dict[str, str] = {}
    if symbol is not None:
        said["symbol"] = symbol
    if on is not None:
        said["date"] = on.isoformat()
    message = _TEXTS[name].with_facts(symbol=symbol, date=on, **facts).to_json()
    return {"code": f"backtesting.{name}", **said, "message": message}


def notices_of_feeds(given: EngineInput) -> Iterator[dict[str, Any]]:
    """Return what is unknown about the bars, as far as it matters to this run."""
    for bars in given.feeds:
        if bars.adjust == "unknown":
            yield _notice("adjust_unknown", bars.symbol)
        if given.rules and not bars.listing.is_tradable:
            yield _notice("not_tradable" if bars.adjust in ("none", "unknown") else "display_only", bars.symbol)
        elif given.rules:
            yield from _unknown_days(bars)
    if given.rules and not given.sessions:
        yield _notice("calendar_unknown")


def _unknown_days(bars: FeedBars) -> Iterator[dict[str, Any]]:
    without = [day for day, pre_close in zip(bars.dates, bars.pre_close, strict=True) if pre_close is None]
    if without:
        yield _notice("pre_close_unknown", bars.symbol, without[0], days=len(without))
    if bars.is_stock:
        unclear = [day for index, day in enumerate(bars.dates) if bars.is_st[index] is None and _st_matters(bars, index)]
        if unclear:
            yield _notice("st_unknown", bars.symbol, unclear[0], days=len(unclear))


def _st_matters(bars: FeedBars, index: int) -> bool:
    """Whether a risk warning would have changed the limits of the day (it does not on STAR, Beijing, or since 2026-07-06)."""
    pre_close = exact(bars.close[index])
    limits = (
        rules.limit_prices(bars.symbol, bars.dates[index], pre_close, is_st=is_st, listed_on=None, sessions_since_listing=None)
        for is_st in (True, False)
    )
    return len(set(limits)) > 1


def notices_of_holdings(feeds: Iterable[BarFeed], broker: Any, recorder: Recorder) -> Iterator[dict[str, Any]]:
    """Return bars too few for the strategy, ex-dates held over, and holdings whose bars ended before the run did."""
    for symbol, needed, there in recorder.too_short:
        yield _notice("bars_too_few", symbol, needed=needed, there=there)
    for symbol, on, close, pre_close in recorder.ex_dates:
        yield _notice("ex_date_held", symbol, on, close=close, pre_close=pre_close)
    for feed in feeds:
        held = feed in broker.positions and broker.positions[feed].size
        if held and feed.bars.dates[-1] < recorder.days[-1][0]:
            yield _notice("bars_ended", feed.bars.symbol, feed.bars.dates[-1])


def notices_of_broker(broker: AShareBroker) -> Iterator[dict[str, Any]]:
    """Return what the exchange could not judge and what the strategy asked for in vain."""
    for doubt in broker.exchange.doubts:
        yield _notice("limits_doubted", doubt.symbol, doubt.date, upper=doubt.upper, lower=doubt.lower)
    for setting in broker.ignored_settings:
        yield _notice("setting_ignored", setting=setting)
    for on, amount in broker.deposits:
        yield _notice("cash_added", on=on, amount=amount)

"""What makes a result differ from real trading, stated beside the result.

Only what applies to the run at hand is said: a warning that always stands is read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from quantbox.backtesting.report.definitions import DAYS_PER_YEAR
from quantbox.backtesting.report.holdings import list_held_days
from quantbox.backtesting.report.trading import Trading
from quantbox.core.text import Text
from quantbox.market_data.models import Adjust, InstrumentKind

__all__ = ["Difference", "list_differences"]

Severity = Literal["warn", "info"]

#: Warnings of the engine, which sees what happened bar by bar.
EX_DATE_HELD = "backtesting.ex_date_held"
ST_UNKNOWN = "backtesting.st_unknown"

#: Below this many round trips a win rate says little.
FEW_ROUND_TRIPS = 30

#: A fill above this share of the day's volume would have moved the price.
LARGE_VOLUME_SHARE = 0.05


@dataclass(frozen=True)
class Difference:
    """One point in which the run is not real trading.

    Attributes
    ----------
    code : str
        Stable code; where a warning says the same with symbol and date, that one's code is "backtesting." and this.
    severity : "warn" or "info"
        "warn" where the conclusion may change.
    count : int or None
        How many fills, days, symbols it concerns; None where counting makes no sense.
    """

    code: str
    severity: Severity
    title: Text
    text: Text
    count: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the point as the report carries it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "title": self.title.to_json(),
            "text": self.text.to_json(),
            "count": self.count,
        }


def list_differences(trading: Trading) -> list[Difference]:
    """Return what makes the result differ from real trading, what may change the conclusion first."""
    found = [*_of_rules(trading), *_of_data(trading), *_of_holding(trading), *_of_sample(trading)]
    return sorted(found, key=lambda difference: difference.severity == "info")


def _of_rules(trading: Trading) -> Iterator[Difference]:
    if not trading.run.request.rules:
        yield Difference(
            "rules_off",
            "warn",
            Text("未用 A 股规则", "A-share rules off"),
            Text(
                "按 Backtrader 默认经纪商成交：当日可卖、可卖空、不足一手也成交，不看涨跌停和停牌，没有任何费用",
                "Stock Backtrader's broker: same-day sales, short sales and odd lots fill, limits and suspensions are ignored, "
                "nothing costs anything",
            ),
        )
    yield Difference(
        "no_queue",
        "info",
        Text("成交不排队", "No queue"),
        Text(
            "市价单按下一根日线的开盘价成交，限价和止损单在日线高低价之内成交；真实委托要排队，也可能只成交一部分",
            "Market orders fill at the next bar's open, limit and stop orders within a bar's range; real orders queue and may "
            "fill in part",
        ),
    )
    large = _large_fills(trading)
    yield Difference(
        "no_volume_cap",
        "warn" if large else "info",
        Text("不限成交量", "No volume cap"),
        Text(
            "成交数量不受当日成交量限制，有 {count} 笔超过当日成交量的 5%",
            "Fills are not limited by the day's volume; {count} took more than 5 % of it",
        ).with_facts(count=large),
        large,
    )
    yield Difference(
        "no_slippage",
        "info",
        Text("滑点为零", "No slippage"),
        Text("成交价没有加滑点，冲击成本也为零", "Fill prices carry no slippage and no market impact"),
    )


def _of_data(trading: Trading) -> Iterator[Difference]:
    run = trading.run
    if run.is_demo:
        yield Difference(
            "demo_data",
            "warn",
            Text("模拟数据", "Simulated data"),
            Text(
                "行情是随机生成的，不是真实市场，结果没有投资含义",
                "The bars are invented: the result says nothing about a real market",
            ),
        )
    adjusted = [feed.symbol for feed in run.feeds if feed.series.is_display_only]
    if adjusted:
        yield Difference(
            "adjusted_bars",
            "warn",
            Text("复权价成交", "Adjusted prices"),
            Text(
                "{symbols} 用复权序列成交，价格和股数都不是当时的",
                "{symbols}: fills on adjusted prices, which nobody could trade at",
            ).with_facts(symbols=", ".join(adjusted)),
            len(adjusted),
        )
    undeclared = [feed.symbol for feed in run.feeds if feed.series.adjust is Adjust.UNKNOWN]
    if undeclared:
        yield Difference(
            "adjust_unknown",
            "warn",
            Text("复权未声明", "Adjustment unknown"),
            Text(
                "{symbols} 的来源没有说明是否复权，这里当作不复权",
                "{symbols}: the source does not say whether prices are adjusted; they are taken as raw",
            ).with_facts(symbols=", ".join(undeclared)),
            len(undeclared),
        )
    yield from _of_unknown_facts(trading)
    if trading.missing_days:
        yield Difference(
            "days_missing",
            "warn",
            Text("缺行情日", "Days without bars"),
            Text(
                "有交易日既无行情也无停牌记录，当作停牌",
                "Trading days without a bar that no source calls suspended count as suspended",
            ),
            sum(len(days) for days in trading.missing_days.values()),
        )


def _of_unknown_facts(trading: Trading) -> Iterator[Difference]:
    without = trading.days_without_pre_close
    if without:
        yield Difference(
            "pre_close_unknown",
            "warn",
            Text("除权日未知", "Ex-dates unknown"),
            Text(
                "{symbols} 缺昨收价：除权除息日认不出，涨跌停按前一日收盘价计算",
                "{symbols}: previous closes are missing, so ex-dates are not seen and limits follow the close before",
            ).with_facts(symbols=", ".join(without)),
            len(without),
        )
    if not trading.run.request.rules:
        return
    stocks = [feed for feed in trading.run.feeds if feed.instrument.kind is InstrumentKind.STOCK]
    no_st = trading.warned.get(ST_UNKNOWN, 0)
    if no_st:
        yield Difference(
            "st_unknown",
            "info",
            Text("ST 状态未知", "ST state unknown"),
            Text(
                "有标的缺 ST 标记，那些日子的涨跌停按非 ST 计算",
                "No source says whether a symbol was ST; on those days its limits are those of other stocks",
            ),
            no_st,
        )
    no_listing = [feed.symbol for feed in stocks if feed.instrument.listed_on is None]
    if no_listing:
        yield Difference(
            "listing_unknown",
            "info",
            Text("上市日未知", "Listing day unknown"),
            Text(
                "{symbols} 的上市日未知，上市初期不设涨跌停的日子认不出",
                "{symbols}: the listing day is unknown, so the first days without price limits are not seen",
            ).with_facts(symbols=", ".join(no_listing)),
            len(no_listing),
        )


def _of_holding(trading: Trading) -> Iterator[Difference]:
    held = trading.warned.get(EX_DATE_HELD, 0)
    if held:
        yield Difference(
            "ex_date_held",
            "warn",
            Text("分红未入账", "Dividends not booked"),
            Text(
                "持仓跨过除权除息日而现金分红、送股没有入账，收益被低估",
                "Positions were held over ex-dates without their dividends and bonus shares: the return is too low",
            ),
            held,
        )
    suspended = sum(
        len(list_held_days(trading.holdings, trading.days, feed.symbol, feed.suspended)) for feed in trading.run.feeds
    )
    if suspended:
        yield Difference(
            "held_while_suspended",
            "info",
            Text("停牌期持仓", "Held while suspended"),
            Text("停牌日的持仓按停牌前收盘价估值", "On suspended days a position is valued at its last close"),
            suspended,
        )
    _trips, open_lots = trading.matched
    if open_lots:
        yield Difference(
            "open_at_end",
            "info",
            Text("期末仍持仓", "Open at the end"),
            Text(
                "期末持仓按收盘价计入权益，没有扣除卖出费用",
                "What is held at the end counts at its close, without the costs of selling it",
            ),
            len({lot.symbol for lot in open_lots}),
        )


def _of_sample(trading: Trading) -> Iterator[Difference]:
    yield Difference(
        "survivorship",
        "info",
        Text("幸存者偏差", "Survivorship"),
        Text(
            "标的是今天挑选的，当年未必会选中，已退市的不在其中",
            "The symbols were picked today: they might not have been picked then, and delisted ones are missing",
        ),
        len(trading.run.feeds),
    )
    yield Difference(
        "idle_cash",
        "info",
        Text("闲置资金无利息", "Idle cash earns nothing"),
        Text("账户里的现金没有利息收入", "Cash in the account earns no interest"),
    )
    trips, _open_lots = trading.matched
    if 0 < len(trips) < FEW_ROUND_TRIPS:
        yield Difference(
            "few_round_trips",
            "info",
            Text("样本太少", "Few round trips"),
            Text("完整交易不足 30 笔，胜率等数字说明不了什么", "Fewer than 30 round trips: a win rate says little"),
            len(trips),
        )
    if len(trading.days) < DAYS_PER_YEAR:
        yield Difference(
            "short_period",
            "info",
            Text("时间太短", "Short period"),
            Text("不足一年，年化数字只是外推", "Less than a year: annual figures are extrapolated"),
            len(trading.days),
        )


def _large_fills(trading: Trading) -> int:
    volumes = {feed.symbol: dict(feed.bars.select("date", "volume").drop_nulls().iter_rows()) for feed in trading.run.feeds}
    return sum(
        1
        for fill in trading.fills
        if (volume := volumes[fill.symbol].get(fill.date)) is not None and fill.size > LARGE_VOLUME_SHARE * volume
    )

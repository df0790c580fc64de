"""Every figure of a report: its key, its name, its formula and how it is written; the page shows the formula on hover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from quantbox.core.text import Text

__all__ = ["DAYS_PER_YEAR", "STATISTICS", "Format", "StatisticDefinition"]

Format = Literal["pct", "number", "yuan", "days", "date"]

#: Trading days a year is taken to have. The usual convention, and empyrical's; A-share years had 242 to 244 since 2014.
DAYS_PER_YEAR = 252


@dataclass(frozen=True)
class StatisticDefinition:
    """One figure: `key` names it in ``statistics``; a key in ``_pct`` is in percent."""

    key: str
    format: Format
    name: Text
    formula: Text

    def to_json(self) -> dict[str, Any]:
        """Return the definition as the report carries it."""
        return {"key": self.key, "name": self.name.to_json(), "formula": self.formula.to_json(), "format": self.format}


#: In the order in which they are shown; the first eight head the report.
STATISTICS: tuple[StatisticDefinition, ...] = (
    StatisticDefinition(
        "total_return_pct",
        "pct",
        Text("累计收益", "Total return"),
        Text("期末权益 ÷ 初始资金 − 1", "final equity ÷ starting cash − 1"),
    ),
    StatisticDefinition(
        "annual_return_pct",
        "pct",
        Text("年化收益", "Annual return"),
        Text("(1 + 累计收益)^(252 ÷ 交易日数) − 1", "(1 + total return)^(252 ÷ trading days) − 1"),
    ),
    StatisticDefinition(
        "max_drawdown_pct",
        "pct",
        Text("最大回撤", "Max drawdown"),
        Text(
            "min(当日权益 ÷ 此前最高权益 − 1)，初始资金计入最高权益",
            "min(equity ÷ highest equity so far − 1); the starting cash counts",
        ),
    ),
    StatisticDefinition(
        "sharpe",
        "number",
        Text("夏普比率", "Sharpe ratio"),
        Text(
            "日收益均值 ÷ 日收益标准差（n−1）× √252，无风险利率取 0",
            "mean of daily returns ÷ their standard deviation (n−1) × √252, risk-free rate 0",
        ),
    ),
    StatisticDefinition(
        "calmar",
        "number",
        Text("卡玛比率", "Calmar ratio"),
        Text("年化收益 ÷ |最大回撤|", "annual return ÷ |maximum drawdown|"),
    ),
    StatisticDefinition(
        "win_rate_pct",
        "pct",
        Text("胜率", "Win rate"),
        Text(
            "扣费后盈利的完整交易数 ÷ 完整交易总数（先进先出配对）",
            "round trips with a profit after costs ÷ all round trips (first in, first out)",
        ),
    ),
    StatisticDefinition(
        "turnover_annual",
        "number",
        Text("年换手", "Annual turnover"),
        Text(
            "min(买入额, 卖出额) ÷ 平均权益 ÷ (交易日数 ÷ 252)，单位：倍",
            "min(bought, sold) ÷ average equity ÷ (trading days ÷ 252), times",
        ),
    ),
    StatisticDefinition(
        "volatility_pct",
        "pct",
        Text("年化波动", "Annual volatility"),
        Text("日收益标准差（n−1）× √252", "standard deviation of daily returns (n−1) × √252"),
    ),
    StatisticDefinition(
        "sortino",
        "number",
        Text("索提诺比率", "Sortino ratio"),
        Text(
            "日收益均值 × 252 ÷ (√(min(日收益, 0)² 的均值) × √252)",
            "mean of daily returns × 252 ÷ (√(mean of min(return, 0)²) × √252)",
        ),
    ),
    StatisticDefinition(
        "benchmark_return_pct",
        "pct",
        Text("基准收益", "Benchmark return"),
        Text("基准期末值 ÷ 首日收盘值 − 1", "benchmark at the end ÷ at the first day's close − 1"),
    ),
    StatisticDefinition(
        "excess_return_pct",
        "pct",
        Text("超额收益", "Excess return"),
        Text("累计收益 − 基准收益", "total return − benchmark return"),
    ),
    StatisticDefinition(
        "alpha_pct",
        "pct",
        Text("阿尔法（年化）", "Alpha (annual)"),
        Text(
            "(1 + (日收益 − 贝塔 × 基准日收益) 的均值)^252 − 1，无风险利率取 0",
            "(1 + mean of (return − beta × benchmark return))^252 − 1, risk-free rate 0",
        ),
    ),
    StatisticDefinition(
        "beta",
        "number",
        Text("贝塔", "Beta"),
        Text("cov(日收益, 基准日收益) ÷ var(基准日收益)", "cov(returns, benchmark returns) ÷ var(benchmark returns)"),
    ),
    StatisticDefinition(
        "information_ratio",
        "number",
        Text("信息比率", "Information ratio"),
        Text(
            "(日收益 − 基准日收益) 的均值 ÷ 其标准差（n−1）× √252",
            "mean of (return − benchmark return) ÷ its standard deviation (n−1) × √252",
        ),
    ),
    StatisticDefinition(
        "max_drawdown_start",
        "date",
        Text("最大回撤起点", "Drawdown start"),
        Text("最大回撤前最高权益之日", "day of the highest equity before it"),
    ),
    StatisticDefinition(
        "max_drawdown_trough",
        "date",
        Text("最大回撤谷底", "Drawdown trough"),
        Text("最大回撤最低权益之日", "day of the lowest equity in it"),
    ),
    StatisticDefinition(
        "max_drawdown_recovery",
        "date",
        Text("最大回撤修复", "Drawdown recovery"),
        Text("重回此前最高权益的首日；空为尚未修复", "first day back at the former highest equity; empty: not recovered"),
    ),
    StatisticDefinition(
        "longest_drawdown_days",
        "days",
        Text("最长回撤", "Longest drawdown"),
        Text("从最高权益到修复（或期末）的最多自然日数", "most calendar days from a highest equity to its recovery (or the end)"),
    ),
    StatisticDefinition(
        "best_day_pct",
        "pct",
        Text("最好一日", "Best day"),
        Text("日收益的最大值", "highest daily return"),
    ),
    StatisticDefinition(
        "worst_day_pct",
        "pct",
        Text("最差一日", "Worst day"),
        Text("日收益的最小值", "lowest daily return"),
    ),
    StatisticDefinition(
        "winning_days_pct",
        "pct",
        Text("日胜率", "Winning days"),
        Text("日收益 > 0 的日数 ÷ 交易日数", "days with a return > 0 ÷ trading days"),
    ),
    StatisticDefinition(
        "value_at_risk_95_pct",
        "pct",
        Text("日 VaR（95%）", "Daily VaR (95 %)"),
        Text("日收益的 5% 分位数（历史法，线性插值）", "5th percentile of daily returns (historical, linear)"),
    ),
    StatisticDefinition(
        "profit_factor",
        "number",
        Text("盈利因子", "Profit factor"),
        Text("盈利完整交易的利润之和 ÷ 亏损完整交易的亏损之和", "sum of profits ÷ sum of losses of round trips, after costs"),
    ),
    StatisticDefinition(
        "payoff_ratio",
        "number",
        Text("盈亏比", "Payoff ratio"),
        Text("平均每笔盈利 ÷ 平均每笔亏损（完整交易，扣费后）", "average profit ÷ average loss of a round trip, after costs"),
    ),
    StatisticDefinition(
        "average_holding_days",
        "number",
        Text("平均持有天数", "Average holding"),
        Text("完整交易从买到卖的自然日数，按股数加权", "calendar days from entry to exit of round trips, weighted by shares"),
    ),
    StatisticDefinition(
        "round_trips",
        "number",
        Text("完整交易数", "Round trips"),
        Text("先进先出配对的买卖数", "entries matched with exits, first in, first out"),
    ),
    StatisticDefinition(
        "fills",
        "number",
        Text("成交笔数", "Fills"),
        Text("全部成交的笔数", "number of executions"),
    ),
    StatisticDefinition(
        "average_exposure_pct",
        "pct",
        Text("平均仓位", "Average exposure"),
        Text("每日 Σ|股数| × 收盘价 ÷ 权益 的均值", "mean over days of Σ|shares| × close ÷ equity"),
    ),
    StatisticDefinition(
        "costs_yuan",
        "yuan",
        Text("交易费用", "Trading costs"),
        Text("佣金 + 印花税 + 过户费", "commission + stamp tax + transfer fee"),
    ),
    StatisticDefinition(
        "trading_days",
        "days",
        Text("交易日数", "Trading days"),
        Text("任一标的有行情的日数", "days on which any of the symbols has a bar"),
    ),
)

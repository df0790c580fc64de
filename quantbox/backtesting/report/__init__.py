"""Makes a backtest's report afterwards, from the fills and the equity alone.

Words: a *round trip* is shares bought and sold again, matched first in, first out; a *drawdown* is how far the account lies
below its highest value; *exposure* is the fraction of the account in the market; *differences* are what makes the result
differ from real trading. Figures and their formulas lie in one table, ``definitions.STATISTICS``.
"""

from quantbox.backtesting.report.sheet import Report, build_report

__all__ = ["Report", "build_report"]

"""Runs the owner's strategies over stored bars and reports what came out.

A *request* says what to run; its *input* is the bars, instruments and trading days it reads; the *child* is the process that
runs the strategy without key or database; the *document* is what ``quantbox backtest run`` prints; the *report* is what the
page shows beside it; *fingerprints* say what a result was made from, and a *rerun* proves that it repeats.
"""

__all__: list[str] = []

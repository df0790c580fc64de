"""在 QuantBox 之外运行策略：python run.py [策略.py] [行情.csv] [初始资金]

Runs a strategy without QuantBox, on stock Backtrader: python run.py [STRATEGY.py] [PRICES.csv] [CASH]

行情文件的列 columns of the prices: date, open, high, low, close, volume
多个品种时加 symbol 列 add symbol where there are several instruments. prices.csv 是模拟数据 holds invented ones.
"""

import importlib.util
import sys
from pathlib import Path

import backtrader as bt
import pandas as pd

HERE = Path(__file__).resolve().parent


def load_strategy(path):
    spec = importlib.util.spec_from_file_location("strategy", path)
    module = sys.modules["strategy"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, bt.Strategy)]
    return next(cls for cls in classes if cls.__module__ == "strategy")


def read_feeds(path):
    prices = pd.read_csv(path, parse_dates=["date"])
    if "symbol" not in prices:
        prices["symbol"] = Path(path).stem
    for symbol, bars in prices.groupby("symbol", sort=False):
        yield symbol, bars.set_index("date").sort_index()[["open", "high", "low", "close", "volume"]]


def main(strategy=HERE / "sma_cross.py", prices=HERE / "prices.csv", cash="100000"):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(float(cash))
    for symbol, bars in read_feeds(prices):
        cerebro.adddata(bt.feeds.PandasData(dataname=bars), name=symbol)
    cerebro.addstrategy(load_strategy(strategy))
    cerebro.run()
    print(f"final value {cerebro.broker.getvalue()!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])

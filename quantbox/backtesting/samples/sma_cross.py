"""均线交叉：短期均线上穿长期均线时买入，下穿时清仓。

SMA cross: buys when the short average crosses above the long one, sells everything when it crosses below.
"""

import backtrader as bt


class SmaCross(bt.Strategy):
    params = (
        ("fast", 5),  # 短期均线天数 days of the short average
        ("slow", 20),  # 长期均线天数 days of the long average
        ("stake", 0.95),  # 买入时占总资产的比例 part of the account's value to hold
    )

    def __init__(self):
        self.fast = bt.indicators.SimpleMovingAverage(self.data.close, period=self.p.fast)
        self.slow = bt.indicators.SimpleMovingAverage(self.data.close, period=self.p.slow)
        self.crossover = bt.indicators.CrossOver(self.fast, self.slow)

    def next(self):
        if self.crossover > 0:
            self.order_target_percent(target=self.p.stake)
        elif self.position and self.fast[0] < self.slow[0]:  # 当天跌停卖不出时，次日再卖 tried again if the board was locked
            self.close()

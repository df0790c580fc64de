"""布林带回归：跌破下轨买入，回到中轨卖出，并挂止损单。

Bollinger reversion: buys below the lower band, sells back at the middle, and keeps a stop order below its price.
"""

import backtrader as bt


class BollingerReversion(bt.Strategy):
    params = (
        ("period", 20),  # 布林带天数 days of the bands
        ("deviations", 2.0),  # 带宽（标准差倍数） width of the bands in standard deviations
        ("stop_pct", 8.0),  # 止损幅度 % stop below the price paid, in percent
        ("stake", 0.9),  # 买入时占总资产的比例 part of the account's value to hold
    )

    def __init__(self):
        self.bands = bt.indicators.BollingerBands(self.data.close, period=self.p.period, devfactor=self.p.deviations)
        self.entry = None
        self.exits = []

    def next(self):
        if self.entry is not None:
            return
        if not self.position:
            if self.data.close[0] < self.bands.bot[0]:
                self.entry = self.order_target_percent(target=self.p.stake)
        elif self.data.close[0] >= self.bands.mid[0] and len(self.exits) == 1:
            self.exits.append(self.close(oco=self.exits[0]))  # 成交后止损单自动撤销 filling it cancels the stop

    def notify_order(self, order):
        if order.alive():
            return
        if self.entry is not None and order.ref == self.entry.ref:
            self.entry = None
            if order.status == order.Completed and order.isbuy():
                stop = order.executed.price * (1 - self.p.stop_pct / 100)
                self.exits = [self.sell(size=order.executed.size, exectype=bt.Order.Stop, price=stop)]
            return
        self.exits = [left for left in self.exits if left.ref != order.ref]

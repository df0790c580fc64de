"""动量轮动：每隔一段时间持有近期涨幅最大的几个品种，等权分配。

Momentum rotation: every so many days holds the symbols that rose most, in equal parts.
"""

import backtrader as bt


class MomentumRotation(bt.Strategy):
    params = (
        ("lookback", 20),  # 计算涨幅的天数 days over which the rise is measured
        ("every", 10),  # 调仓间隔天数 days between two changes
        ("hold", 1),  # 持有品种数 number of symbols to hold
        ("stake", 0.9),  # 总仓位 part of the account's value to hold
    )

    def prenext(self):  # 有的品种上市较晚，不必等它 a symbol listed later need not be waited for
        self.next()

    def next(self):
        if len(self) % self.p.every:
            return
        today = self.datetime.date(0)
        rises = {}
        for data in self.datas:
            if len(data) > self.p.lookback and data.datetime.date(0) == today:
                rises[data] = data.close[0] / data.close[-self.p.lookback] - 1
        best = sorted((data for data in rises if rises[data] > 0), key=lambda data: rises[data], reverse=True)[: self.p.hold]
        for data in self.datas:  # 先卖后买 sell first, then buy
            if data not in best and self.getposition(data).size:
                self.order_target_percent(data, target=0.0)
        for data in best:
            self.order_target_percent(data, target=self.p.stake / self.p.hold)

"""What a fill costs: commission of the owner's broker, stamp tax and transfer fee of the day, each rounded to 0.01.

An order lives one day at the exchanges: what rests longer is given to the broker anew each morning, and pays the minimum
commission on every day on which it fills.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from quantbox.brokers.models import Commission, Fees, Order
from quantbox.brokers.simulation.rule_book import RuleBook
from quantbox.core.money import to_cents

__all__ = ["FeeTable"]

_BASIS_POINT = Decimal("0.0001")


class FeeTable:
    """Costs fills, and remembers what each order has paid so that its parts of one day pay the minimum commission once.

    Parameters
    ----------
    commission : Commission
        What the owner's broker charges.
    rules : RuleBook
        Taxes and fees by date.
    """

    def __init__(self, commission: Commission, rules: RuleBook) -> None:
        self._rate = commission.rate_bps * _BASIS_POINT
        self._minimum = commission.minimum_yuan
        self._rules = rules
        self._paid: dict[tuple[int | str, date], tuple[Decimal, Decimal]] = {}

    def cost(self, order: Order, amount: Decimal, on: date) -> Fees:
        """Return the fees if `order` filled another `amount` yuan on that day.

        The commission of an order and day is max(minimum, rate x all its amount so far); a part pays what is still missing.
        """
        amount_before, paid_before = self._paid.get((order.ref, on), (Decimal(0), Decimal(0)))
        commission = max(self._minimum, to_cents((amount_before + amount) * self._rate)) - paid_before
        return Fees(
            commission=commission,
            stamp_tax=to_cents(amount * self._rules.stamp_tax_rate(order.symbol, on, order.side)),
            transfer_fee=to_cents(amount * self._rules.transfer_fee_rate(order.symbol, on)),
        )

    def book(self, order: Order, amount: Decimal, fees: Fees, on: date) -> None:
        """Remember that `order` filled `amount` yuan and paid `fees` on that day."""
        amount_before, paid_before = self._paid.get((order.ref, on), (Decimal(0), Decimal(0)))
        self._paid[order.ref, on] = (amount_before + amount, paid_before + fees.commission)

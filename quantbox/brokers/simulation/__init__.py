"""The one simulated exchange for A-shares: what a day's market would have taken, at which size and cost.

Pure and exact (Decimal), it knows no engine; every engine and the paper account call it.
"""

from quantbox.brokers.simulation.account import Account
from quantbox.brokers.simulation.exchange import Doubt, Execution, SimulatedExchange
from quantbox.brokers.simulation.fees import FeeTable
from quantbox.brokers.simulation.rule_book import Lot, RuleBook

__all__ = ["Account", "Doubt", "Execution", "FeeTable", "Lot", "RuleBook", "SimulatedExchange"]

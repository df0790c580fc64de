"""Files built byte for byte, in every layout that is imported.

`BARS` are twelve days of an invented share, chosen by hand: each amount is volume × a price between low and high, so
that the raw test passes; day 7 is missing (a suspension in the layouts that write one).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["BARS", "SUSPENDED", "Day", "day_file", "day_record", "minute_file", "table"]

SUSPENDED = "2024-03-11"


@dataclass(frozen=True)
class Day:
    """One daily bar: prices in yuan, volume in shares, amount in yuan."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: int
    amount: float
    pre_close: float

    def with_(self, **changes: object) -> Day:
        return Day(**{**self.__dict__, **changes})


# amount = volume × average; averages 10.00, 10.20, 10.40 … lie within low..high.
BARS = [
    Day("2024-03-01", 9.90, 10.20, 9.80, 10.10, 1_000_000, 10_000_000.0, 9.95),
    Day("2024-03-04", 10.10, 10.30, 10.00, 10.25, 1_200_000, 12_240_000.0, 10.10),
    Day("2024-03-05", 10.25, 10.60, 10.20, 10.50, 900_000, 9_360_000.0, 10.25),
    Day("2024-03-06", 10.50, 10.55, 10.30, 10.40, 800_000, 8_320_000.0, 10.50),
    Day("2024-03-07", 10.40, 10.70, 10.35, 10.66, 1_500_000, 15_750_000.0, 10.40),
    Day("2024-03-08", 10.66, 10.80, 10.50, 10.55, 1_100_000, 11_770_000.0, 10.66),
    Day("2024-03-12", 10.55, 10.75, 10.45, 10.70, 700_000, 7_420_000.0, 10.55),
    Day("2024-03-13", 10.70, 11.00, 10.60, 10.95, 2_000_000, 21_600_000.0, 10.70),
    Day("2024-03-14", 10.95, 11.10, 10.80, 10.85, 1_300_000, 14_170_000.0, 10.95),
    # Ex-dividend: pre_close is 0.15 below the close of the day before.
    Day("2024-03-15", 10.70, 10.90, 10.60, 10.80, 1_400_000, 15_120_000.0, 10.70),
    Day("2024-03-18", 10.80, 10.95, 10.75, 10.90, 600_000, 6_540_000.0, 10.80),
    Day("2024-03-19", 10.90, 11.20, 10.85, 11.15, 1_700_000, 18_700_000.0, 10.90),
]


def table(header: str, rows: list[str], *, encoding: str = "utf-8", line_end: str = "\n") -> bytes:
    """Return a text table as bytes."""
    return (line_end.join([header, *rows]) + line_end).encode(encoding)


def day_record(bar: Day, *, scale: int = 100, volume: int | None = None, reserved: int = 65536) -> bytes:
    """Return one .day record."""
    prices = (round(value * scale) for value in (bar.open, bar.high, bar.low, bar.close))
    shares = bar.volume if volume is None else volume
    return struct.pack("<IIIIIfII", int(bar.date.replace("-", "")), *prices, bar.amount, shares, reserved)


def day_file(bars: list[Day] = BARS, *, scale: int = 100) -> bytes:
    """Return a .day file."""
    return b"".join(day_record(bar, scale=scale) for bar in bars)


def minute_file(
    minutes: list[int], *, days: tuple[tuple[int, int, int], ...] = ((2024, 3, 1), (2024, 3, 4)), price: float = 10.01
) -> bytes:
    """Return a .lc1 or .lc5 file with the same bar at each of `minutes` of each day."""
    records = []
    for year, month, day in days:
        number = (year - 2004) * 2048 + month * 100 + day
        for minute in minutes:
            records.append(
                struct.pack("<HHfffffII", number, minute, price, price + 0.02, price - 0.01, price, price * 1000, 1000, 0)
            )
    return b"".join(records)

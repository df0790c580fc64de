"""Imports and updates as jobs: asked for by a page, done by the worker, answered with the command line's documents."""

from quantbox.market_data.requests.service import DataRequests, SpooledFile

__all__ = ["DataRequests", "SpooledFile"]

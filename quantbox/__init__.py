"""QuantBox 量化宝盒: one private investor's quant desk in one window.

The folder list is the product: one folder per capability. docs/architecture.md shows the house on one page.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]

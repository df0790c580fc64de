"""Files of bars into the store.

A file is recognised by its content (`sniffing`, `layouts`), read to typed rows (`delimited`, `tdx_binary`), given its
symbol (`symbol_of`), checked row by row (`row_checks`, `quarantine`), brought to shares and yuan (`units`), tested for
what is declared of it (`declared_adjust`) and only then written (`service`). What cannot be trusted is refused with a
sentence (`refusals`) or set aside with line, column and reason; nothing is guessed.
"""

from __future__ import annotations

from quantbox.market_data.importing.service import import_files

__all__ = ["import_files"]

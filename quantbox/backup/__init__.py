"""Backups: one encrypted file that holds the whole store, its schedule, its rehearsal, and the way back.

Words: the *container* is the file (a header anybody may read, then sealed chunks); its *entries* are the files of the
store; the *manifest*, its last entry, says what they must be; to *verify* is to open all of it; a *rehearsal* restores it
into a scratch folder and compares; to *switch* is to put a restored store in the place of the one before.
"""

__all__: list[str] = []

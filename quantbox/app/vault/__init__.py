"""The vault from the command line: the pass phrase is used where it is typed, only the finished change goes to the store."""

__all__: list[str] = []

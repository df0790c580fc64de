"""People from the command line: a password is checked where it is typed, only what is kept of it goes to the store."""

__all__: list[str] = []

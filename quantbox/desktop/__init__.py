"""The supervisor, the window, and how they start.

Words: the *supervisor* is the first process and the only one that keeps the key; a *kept process* is one it starts
again when it dies; the *launch token* signs the program's own window in, once.
"""

__all__: list[str] = []

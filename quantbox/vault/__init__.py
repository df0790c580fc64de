"""The vault: one pass phrase opens one random key-encryption key, which opens the keys of the data.

Words: a *wrapper* is the key-encryption key (KEK) sealed under one way of proving oneself (part 1: the pass phrase);
a *data key* is a random key sealed under the KEK; *keys* are what an unlocked program holds in memory.
"""

__all__: list[str] = []

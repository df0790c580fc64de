"""The ways to open a vault: each file is one kind of wrapper, which turns a proof into the 32 bytes that unseal the KEK."""

__all__: list[str] = []

"""The listener on the LAN: whether the owner wants it, its certificates, its addresses and its announced name.

Words: the *choice* is what the owner decided and what belongs to it (port, name, authority); the *listener* follows
the choice and this machine's addresses. The choice lies in the encrypted store, so after a cold start the listener comes
with the first unlocking; locking the vault later leaves it there, with the unlock page.
"""

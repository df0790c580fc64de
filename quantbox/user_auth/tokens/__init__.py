"""API tokens: what a script shows instead of a session, with a role of its own, for at most seven days at a time.

Words: a *token* is one row with an id, a name and a role; its *access token* is a signed JWT that is shown with every
request; its *refresh token* is opaque, works once, and gives a new pair. Revoking the token voids both at once.
"""

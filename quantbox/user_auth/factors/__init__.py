"""Second factors: what a person proves besides the password, at sign-in and again before a sensitive act (step-up).

Words: a *factor* is an authenticator app (TOTP), a passkey, or a phone that receives codes (SMS); *recovery codes* stand
in for a lost one, ten at a time, each once. A factor counts from the moment it was *confirmed*. Factors guard sessions
and step-up; they are no part of the vault's key.
"""

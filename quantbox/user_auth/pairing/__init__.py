"""Pairing a tablet: an invitation as a QR code, six words that both screens show, and the owner's word that they agree.

Words: an *invitation* holds a one-time code, for two minutes; the *tablet* is whoever brought the code first; *nonces* are
random bytes of both sides that make the words of every pairing new. docs/adr/0013 says what the words show and what they do not.
"""

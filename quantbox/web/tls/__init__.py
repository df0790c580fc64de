"""HTTPS on the LAN: this installation's own certificate authority and the certificates it signs for itself.

Words: the *authority* is the one certificate the owner installs on a tablet; a *leaf* is what the listener shows, made
anew at every start and whenever name or addresses no longer fit. docs/adr/0013 says what bounds the authority.
"""

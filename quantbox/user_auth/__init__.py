"""People, how they sign in, their sessions on devices, and their settings.

Words: the *pass phrase* opens the store (:mod:`quantbox.vault`); a *person* with a name, a *role* and a password signs in to
it and never gets a key. A *device* is a browser known again by its cookie. A *session* is one device on which a person has
proven password and second factor, until they sign out, are idle for too long, or it is 12 hours old; to *step up* is to
prove it once more before a sensitive act.
"""

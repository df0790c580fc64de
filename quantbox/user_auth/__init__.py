"""People, their sessions in browsers, and their settings.

Words: a *person* belongs to an account and has a *role*; a *session* is one browser that has proven the pass phrase
(or held the window's launch token), until it signs out, is idle for 30 minutes, or is 12 hours old.
"""

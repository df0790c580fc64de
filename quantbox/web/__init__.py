"""The web toolkit: server, guards, routes with schema and role, error answers, page shells, sockets.

It knows no capability; each brings its own ``routes`` and ``app.web`` joins them.
"""

"""The audit log: every sensitive act, allowed or refused, in a chain that shows when it was tampered with.

Words: a *record* says who did what, when, from where, with what result; the *chain* ties each record to the one before;
the *anchor* is the last link kept outside the database. Records are only ever added: nothing here changes or deletes one,
and the database itself refuses to.
"""

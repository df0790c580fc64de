"""What is kept at another place: strategy versions as soon as they are saved, reports moved out, copies of backups.

Words: the *target* is the other place (a folder, WebDAV or an object store); an *object* is one sealed piece there, named by
a keyed hash of its content; the *manifest*, written after the objects, says which ones there must be; a *copy* is a backup
file, unchanged, at the target; to *archive* a report is to move it there; to *bring it back* is the way back.
"""

__all__: list[str] = []

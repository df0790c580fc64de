"""Rotation: everything the store keeps is encrypted anew under new keys, and the old ones open nothing in it afterwards.

In this order, so that whatever stops it leaves the old store or the new one: the database is copied under the new key
beside the old one, its sealed fields are opened with the old key and sealed with the new one, the copy is checked and
synced (``new_database``); then vault.json is replaced by that of the next epoch (``new_document``), which is the moment
it counts from; then the copy takes the database's name (``epochs``).
"""

__all__: list[str] = []

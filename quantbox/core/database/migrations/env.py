"""Alembic runs this file: it hands the connection of :func:`quantbox.core.database.upgrade` to the version scripts."""

from alembic import context

# the caller has begun the transaction and ends it: all steps together or none
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()

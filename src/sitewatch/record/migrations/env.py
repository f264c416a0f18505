"""Alembic's way in: run the migrations on the connection that `open_record` holds."""

from __future__ import annotations

from alembic import context

from sitewatch.record._tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()

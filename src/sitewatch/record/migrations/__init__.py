"""Migrations of the record's tables, run by Alembic when a record is opened."""

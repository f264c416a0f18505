"""The record itself: sites, scenes, runs, structures and what analysts say of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("area", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("uid", name=op.f("uq_site_uid")),
    )
    op.create_table(
        "facility",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=True),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_facility_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facility")),
    )
    op.create_index(op.f("ix_facility_site_id"), "facility", ["site_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("software_version", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_run_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_run_site_id_number")),
    )
    op.create_index(op.f("ix_run_input_hash"), "run", ["input_hash"], unique=False)
    op.create_index(op.f("ix_run_site_id"), "run", ["site_id"], unique=False)
    op.create_table(
        "scene",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("footprint", sa.LargeBinary(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_scene_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scene")),
        sa.UniqueConstraint("site_id", "key", name=op.f("uq_scene_site_id_key")),
    )
    op.create_index(op.f("ix_scene_site_id"), "scene", ["site_id"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("href", sa.String(), nullable=False),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_source_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("site_id", "href", name=op.f("uq_source_site_id_href")),
    )
    op.create_index(op.f("ix_source_site_id"), "source", ["site_id"], unique=False)
    op.create_table(
        "structure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("split_from_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_structure_site_id_site")),
        sa.ForeignKeyConstraint(["split_from_id"], ["structure.id"], name=op.f("fk_structure_split_from_id_structure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_structure")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_structure_site_id_number")),
    )
    op.create_index(op.f("ix_structure_site_id"), "structure", ["site_id"], unique=False)
    op.create_index(op.f("ix_structure_split_from_id"), "structure", ["split_from_id"], unique=False)
    op.create_table(
        "observation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.Integer(), nullable=False),
        sa.Column("scene_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("fraction", sa.Double(), nullable=False),
        sa.Column("sd", sa.Double(), nullable=False),
        sa.Column("phase", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_observation_run_id_run")),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_observation_scene_id_scene")),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_observation_structure_id_structure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        sa.UniqueConstraint(
            "structure_id", "scene_id", "run_id", name=op.f("uq_observation_structure_id_scene_id_run_id")
        ),
    )
    op.create_index(op.f("ix_observation_run_id"), "observation", ["run_id"], unique=False)
    op.create_index(op.f("ix_observation_scene_id"), "observation", ["scene_id"], unique=False)
    op.create_index(op.f("ix_observation_structure_id"), "observation", ["structure_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_review_structure_id_structure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_structure_id"), "review", ["structure_id"], unique=False)
    op.create_table(
        "run_scene",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("scene_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_scene_run_id_run")),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_run_scene_scene_id_scene")),
        sa.PrimaryKeyConstraint("run_id", "scene_id", name=op.f("pk_run_scene")),
    )
    op.create_index(op.f("ix_run_scene_scene_id"), "run_scene", ["scene_id"], unique=False)
    op.create_table(
        "scene_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scene_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("modified_ns", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_scene_file_scene_id_scene")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scene_file")),
    )
    op.create_index(op.f("ix_scene_file_scene_id"), "scene_file", ["scene_id"], unique=False)
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("review_id", sa.Integer(), nullable=True),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("found", sa.Boolean(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("kind_probability", sa.Double(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("rejected_as", sa.String(), nullable=True),
        sa.Column("footprint", sa.LargeBinary(), nullable=False),
        sa.Column("centreline", sa.LargeBinary(), nullable=True),
        sa.Column("onset_earliest", sa.Date(), nullable=True),
        sa.Column("onset_latest", sa.Date(), nullable=True),
        sa.Column("completion_earliest", sa.Date(), nullable=True),
        sa.Column("completion_latest", sa.Date(), nullable=True),
        sa.Column("preparation_first_seen", sa.Date(), nullable=True),
        sa.Column("first_raised", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("area_m2_sd", sa.Double(), nullable=True),
        sa.Column("length_m", sa.Double(), nullable=True),
        sa.Column("length_m_sd", sa.Double(), nullable=True),
        sa.Column("width_m", sa.Double(), nullable=True),
        sa.Column("width_m_sd", sa.Double(), nullable=True),
        sa.Column("orientation_deg", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("computed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["structure.id"], name=op.f("fk_revision_merged_into_id_structure")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_revision_review_id_review")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_revision_run_id_run")),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_revision_structure_id_structure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("structure_id", "number", name=op.f("uq_revision_structure_id_number")),
    )
    op.create_index(op.f("ix_revision_merged_into_id"), "revision", ["merged_into_id"], unique=False)
    op.create_index(op.f("ix_revision_review_id"), "revision", ["review_id"], unique=False)
    op.create_index(op.f("ix_revision_run_id"), "revision", ["run_id"], unique=False)
    op.create_index(op.f("ix_revision_structure_id"), "revision", ["structure_id"], unique=False)


def downgrade() -> None:
    """Take the tables away, and with them what they hold."""
    op.drop_index(op.f("ix_revision_structure_id"), table_name="revision")
    op.drop_index(op.f("ix_revision_run_id"), table_name="revision")
    op.drop_index(op.f("ix_revision_review_id"), table_name="revision")
    op.drop_index(op.f("ix_revision_merged_into_id"), table_name="revision")
    op.drop_table("revision")
    op.drop_index(op.f("ix_scene_file_scene_id"), table_name="scene_file")
    op.drop_table("scene_file")
    op.drop_index(op.f("ix_run_scene_scene_id"), table_name="run_scene")
    op.drop_table("run_scene")
    op.drop_index(op.f("ix_review_structure_id"), table_name="review")
    op.drop_table("review")
    op.drop_index(op.f("ix_observation_structure_id"), table_name="observation")
    op.drop_index(op.f("ix_observation_scene_id"), table_name="observation")
    op.drop_index(op.f("ix_observation_run_id"), table_name="observation")
    op.drop_table("observation")
    op.drop_index(op.f("ix_structure_split_from_id"), table_name="structure")
    op.drop_index(op.f("ix_structure_site_id"), table_name="structure")
    op.drop_table("structure")
    op.drop_index(op.f("ix_source_site_id"), table_name="source")
    op.drop_table("source")
    op.drop_index(op.f("ix_scene_site_id"), table_name="scene")
    op.drop_table("scene")
    op.drop_index(op.f("ix_run_site_id"), table_name="run")
    op.drop_index(op.f("ix_run_input_hash"), table_name="run")
    op.drop_table("run")
    op.drop_index(op.f("ix_facility_site_id"), table_name="facility")
    op.drop_table("facility")
    op.drop_table("site")

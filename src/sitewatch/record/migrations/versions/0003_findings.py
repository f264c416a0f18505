"""Statements with an identity and revisions, as structures have; those of older records become analysts' own."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OLD = ("id", "site_id", "structure_id", "basis", "text", "likelihood", "confidence", "evidence", "at", "by")


def upgrade() -> None:
    """Make the tables anew, with what the old one held."""
    bind = op.get_bind()
    rows = bind.execute(sa.select(_light("finding", *_OLD)).order_by(sa.column("id"))).mappings().all()
    numbers: dict[int, int] = dict(tuple(row) for row in bind.execute(sa.select(_light("structure", "id", "number"))))
    _drop_old()
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_finding_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_finding_site_id_number")),
        sa.UniqueConstraint("site_id", "key", name=op.f("uq_finding_site_id_key")),
    )
    op.create_index(op.f("ix_finding_site_id"), "finding", ["site_id"], unique=False)
    op.create_table(
        "finding_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("struck", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("likelihood", sa.String(), nullable=False),
        sa.Column("confidence", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_revision_finding_id_finding")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_finding_revision_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_revision")),
        sa.UniqueConstraint("finding_id", "number", name=op.f("uq_finding_revision_finding_id_number")),
    )
    op.create_index(op.f("ix_finding_revision_finding_id"), "finding_revision", ["finding_id"], unique=False)
    op.create_index(op.f("ix_finding_revision_run_id"), "finding_revision", ["run_id"], unique=False)
    _fill(bind, rows, numbers)


def downgrade() -> None:
    """Keep what each statement says now, and lose what it said before."""
    bind = op.get_bind()
    said = sa.text(
        'SELECT f.id, f.site_id, r.kind AS basis, r.text, r.likelihood, r.confidence, r.made, r."by" FROM finding f '
        "JOIN finding_revision r ON r.finding_id = f.id WHERE r.number = "
        "(SELECT max(number) FROM finding_revision WHERE finding_id = f.id) ORDER BY f.id"
    ).columns(made=sa.DateTime(timezone=True))
    rows = bind.execute(said).mappings().all()
    op.drop_index(op.f("ix_finding_revision_run_id"), table_name="finding_revision")
    op.drop_index(op.f("ix_finding_revision_finding_id"), table_name="finding_revision")
    op.drop_table("finding_revision")
    op.drop_index(op.f("ix_finding_site_id"), table_name="finding")
    op.drop_table("finding")
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.Integer(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("likelihood", sa.String(), nullable=False),
        sa.Column("confidence", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_finding_site_id_site")),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_finding_structure_id_structure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_site_id"), "finding", ["site_id"], unique=False)
    op.create_index(op.f("ix_finding_structure_id"), "finding", ["structure_id"], unique=False)
    for row in rows:
        old = {name: value for name, value in row.items() if name != "made"}
        bind.execute(sa.insert(_light("finding", *_OLD)), {**old, "at": row["made"], "evidence": []})


def _drop_old() -> None:
    op.drop_index(op.f("ix_finding_structure_id"), table_name="finding")
    op.drop_index(op.f("ix_finding_site_id"), table_name="finding")
    op.drop_table("finding")


def _fill(bind: sa.Connection, rows: Any, numbers: dict[int, int]) -> None:
    turn: dict[int, int] = {}
    finding = _light("finding", "id", "site_id", "number", "key", "created")
    said = _light(
        "finding_revision", "finding_id", "number", "made", "by", "why", "edited", "struck", "kind", "text",
        "likelihood", "confidence", "source", "detail",
    )  # fmt: skip
    for row in rows:
        number = turn[row["site_id"]] = turn.get(row["site_id"], 0) + 1
        key = f"analyst/{number}"
        bind.execute(
            sa.insert(finding), {"site_id": row["site_id"], "number": number, "key": key, "created": row["at"]}
        )
        where = (finding.c.site_id == row["site_id"]) & (finding.c.number == number)
        about = [f"SW-{numbers[row['structure_id']]:04d}"] if row["structure_id"] else []
        evidence = [str(one) for one in row["evidence"]]
        detail: dict[str, Any] = {
            "structures": list(dict.fromkeys([*about, *(one for one in evidence if one.startswith("SW-"))])),
            "scenes": [one for one in evidence if not one.startswith("SW-")],
            "assumptions": [], "facts": {}, "computed": None, "rests_on": {"facts": {}, "files": {}},
            "changed": [], "before": "", "author": row["by"], "written": _utc(row["at"]).isoformat(),
        }  # fmt: skip
        bind.execute(
            sa.insert(said),
            {
                "finding_id": bind.execute(sa.select(finding.c.id).where(where)).scalar_one(), "number": 1,
                "made": row["at"], "by": row["by"], "why": "kept by an older sitewatch", "edited": True,
                "struck": False, "kind": row["basis"], "text": row["text"], "likelihood": row["likelihood"],
                "confidence": row["confidence"],
                "source": row["by"] if row["basis"] == "reported" else "",
                "detail": zlib.compress(json.dumps(detail, separators=(",", ":")).encode()),
            },
        )  # fmt: skip


def _utc(at: dt.datetime) -> dt.datetime:
    """SQLite gives moments without a zone; they are in UTC."""
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _light(name: str, *columns: str) -> sa.TableClause:
    """A table by its columns, for statements."""
    types: dict[str, Any] = {
        "evidence": sa.JSON(), "at": sa.DateTime(timezone=True), "made": sa.DateTime(timezone=True),
        "created": sa.DateTime(timezone=True), "detail": sa.LargeBinary(), "edited": sa.Boolean(),
        "struck": sa.Boolean(),
    }  # fmt: skip
    return sa.table(name, *(sa.column(one, types.get(one)) for one in columns))

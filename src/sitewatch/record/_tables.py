"""The tables of the record; docs/record.md draws them. Rows are added, hardly ever changed, never deleted.

Only the underscore modules of this package see these classes: what goes in and comes out of the record are the nouns of
`sitewatch.record._nouns` and of the stages before.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, ForeignKey, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sitewatch.record._types import Geometry, Moment, Packed, PlainJson

Area = shapely.Polygon | shapely.MultiPolygon


class Base(DeclarativeBase):
    """All tables; constraints have names, so that migrations can speak of them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _of(table: str) -> Any:
    """A column that refers to a row of another table, with an index."""
    return mapped_column(ForeignKey(f"{table}.id"), index=True)


class SiteRow(Base):
    """A place under watch."""

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    """Of the workspace: two sites may have one name."""
    key: Mapped[str]
    name: Mapped[str]
    area: Mapped[BaseGeometry] = mapped_column(Geometry)
    created: Mapped[dt.datetime] = mapped_column(Moment)
    created_by: Mapped[str]


class FacilityRow(Base):
    """A known facility or transport link of a site."""

    __tablename__ = "facility"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    role: Mapped[str]
    key: Mapped[str]
    name: Mapped[str]
    geometry: Mapped[BaseGeometry | None] = mapped_column(Geometry)
    properties: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    added: Mapped[dt.datetime] = mapped_column(Moment)


class SourceRow(Base):
    """Where scenes of a site come from: a file, folder or catalogue that an update looks into."""

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("site_id", "href"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    href: Mapped[str]
    hints: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    added: Mapped[dt.datetime] = mapped_column(Moment)
    added_by: Mapped[str]


class SceneRow(Base):
    """One image as it was described when it was first met."""

    __tablename__ = "scene"
    __table_args__ = (UniqueConstraint("site_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    key: Mapped[str]
    datetime: Mapped[dt.datetime] = mapped_column(Moment)
    track: Mapped[str]
    platform: Mapped[str]
    family: Mapped[str]
    quantity: Mapped[str]
    footprint: Mapped[BaseGeometry] = mapped_column(Geometry)
    provenance: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    """STAC item: bands and where they lie, geometry of view, credit, what was guessed."""
    added: Mapped[dt.datetime] = mapped_column(Moment)


class SceneFileRow(Base):
    """The bytes of a scene: a new row whenever a file is other than before."""

    __tablename__ = "scene_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    scene_id: Mapped[int] = _of("scene")
    path: Mapped[str]
    size: Mapped[int | None] = mapped_column(BigInteger)
    modified_ns: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    seen: Mapped[dt.datetime] = mapped_column(Moment)


class RunRow(Base):
    """One finished run; what was cut short leaves none."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("site_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    number: Mapped[int]
    started: Mapped[dt.datetime] = mapped_column(Moment)
    finished: Mapped[dt.datetime] = mapped_column(Moment)
    by: Mapped[str]
    software_version: Mapped[str]
    command: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    input_hash: Mapped[str] = mapped_column(index=True)
    """Of the files used, how they were read, the parameters and the version."""
    counts: Mapped[dict[str, int]] = mapped_column(PlainJson)
    seconds: Mapped[dict[str, float]] = mapped_column(PlainJson)
    notes: Mapped[list[str]] = mapped_column(PlainJson)
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(PlainJson)


class RunSceneRow(Base):
    """A scene that a run used."""

    __tablename__ = "run_scene"
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    scene_id: Mapped[int] = mapped_column(ForeignKey("scene.id"), primary_key=True, index=True)


class StructureRow(Base):
    """The identity of a structure; all that is said of it stands in its revisions."""

    __tablename__ = "structure"
    __table_args__ = (UniqueConstraint("site_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    number: Mapped[int]
    split_from_id: Mapped[int | None] = mapped_column(ForeignKey("structure.id"), index=True)
    created: Mapped[dt.datetime] = mapped_column(Moment)


class ReviewRow(Base):
    """What an analyst said of a structure."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[int] = _of("structure")
    action: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(Moment)
    by: Mapped[str]
    comment: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    """What the action needs: a kind, an outline, the other structure."""


class RevisionRow(Base):
    """What the record said of a structure from a moment on: the whole of it, with reviewed fields in force."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("structure_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[int] = _of("structure")
    number: Mapped[int]
    run_id: Mapped[int | None] = _of("run")
    review_id: Mapped[int | None] = _of("review")
    made: Mapped[dt.datetime] = mapped_column(Moment)
    by: Mapped[str]
    why: Mapped[str]
    found: Mapped[bool]
    """Whether the latest run by then found it."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("structure.id"), index=True)
    name: Mapped[str]
    """What the run called it; it changes as the outline does."""
    kind: Mapped[str]
    kind_probability: Mapped[float | None]
    status: Mapped[str]
    reason: Mapped[str]
    rejected_as: Mapped[str | None]
    """What a rejected one was taken for."""
    footprint: Mapped[BaseGeometry] = mapped_column(Geometry)
    centreline: Mapped[BaseGeometry | None] = mapped_column(Geometry)
    onset_earliest: Mapped[dt.date | None]
    onset_latest: Mapped[dt.date | None]
    completion_earliest: Mapped[dt.date | None]
    completion_latest: Mapped[dt.date | None]
    preparation_first_seen: Mapped[dt.date | None]
    first_raised: Mapped[dt.date | None]
    confirmed_on: Mapped[dt.date | None]
    area_m2: Mapped[float | None]
    area_m2_sd: Mapped[float | None]
    length_m: Mapped[float | None]
    length_m_sd: Mapped[float | None]
    width_m: Mapped[float | None]
    width_m_sd: Mapped[float | None]
    orientation_deg: Mapped[float | None]
    p_value: Mapped[float | None]
    detail: Mapped[dict[str, Any]] = mapped_column(Packed)
    """Growth, growth in length, phases, levels, scenes and tracks."""
    computed: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    """Of each field in which a review wins: what the run said."""


class ObservationRow(Base):
    """What one scene says of one structure, as a run judged it; a new row where a later run judges otherwise."""

    __tablename__ = "observation"
    __table_args__ = (UniqueConstraint("structure_id", "scene_id", "run_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    structure_id: Mapped[int] = _of("structure")
    scene_id: Mapped[int] = _of("scene")
    run_id: Mapped[int] = _of("run")
    fraction: Mapped[float]
    sd: Mapped[float]
    phase: Mapped[str | None]
    """Of a day on which the strongest track looked."""


class EventRow(Base):
    """Something reported about a site, with its source: a directive, a launch, a press report."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    key: Mapped[str]
    name: Mapped[str]
    begins: Mapped[dt.date | None]
    ends: Mapped[dt.date | None]
    geometry: Mapped[BaseGeometry | None] = mapped_column(Geometry)
    source: Mapped[str]
    properties: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    added: Mapped[dt.datetime] = mapped_column(Moment)
    added_by: Mapped[str]


class FindingRow(Base):
    """The identity of a statement about a site; all that it ever said stands in its revisions."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("site_id", "number"), UniqueConstraint("site_id", "key"))
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    number: Mapped[int]
    key: Mapped[str]
    """What it is about: the same from run to run."""
    created: Mapped[dt.datetime] = mapped_column(Moment)


class FindingRevisionRow(Base):
    """What a statement said from a moment on, with what an analyst made of it in force."""

    __tablename__ = "finding_revision"
    __table_args__ = (UniqueConstraint("finding_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = _of("finding")
    number: Mapped[int]
    run_id: Mapped[int | None] = _of("run")
    made: Mapped[dt.datetime] = mapped_column(Moment)
    by: Mapped[str]
    why: Mapped[str]
    edited: Mapped[bool]
    """Whether an analyst's words are in force."""
    struck: Mapped[bool]
    """Whether an analyst left it out."""
    kind: Mapped[str]
    text: Mapped[str]
    likelihood: Mapped[str]
    confidence: Mapped[str]
    source: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(Packed)
    """Structures, scenes, assumptions and facts; what the run says; what the words in force rest on, and how that
    has changed since."""


class AlertRow(Base):
    """Something that somebody should hear of, once."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("site_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = _of("site")
    structure_id: Mapped[int | None] = _of("structure")
    run_id: Mapped[int | None] = _of("run")
    key: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(PlainJson)
    raised: Mapped[dt.datetime] = mapped_column(Moment)


class DeliveryRow(Base):
    """One attempt to tell somebody of an alert."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("alert_id", "channel", "target", "attempt"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = _of("alert")
    channel: Mapped[str]
    target: Mapped[str]
    attempt: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(Moment)
    delivered: Mapped[bool]
    detail: Mapped[str]

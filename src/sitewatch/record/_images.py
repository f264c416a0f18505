"""Scenes in the record: what they are, which bytes they were made of, which runs used them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from sitewatch.record._database import Record, reading, writing
from sitewatch.record._files import SceneFile, SceneRecord
from sitewatch.record._nouns import SceneEntry
from sitewatch.record._sites import site_row
from sitewatch.record._tables import RunSceneRow, SceneFileRow, SceneRow

if TYPE_CHECKING:
    from sitewatch.scenes import Scene


def add_scenes(record: Record, uid: str, scenes: Iterable[Scene]) -> tuple[str, ...]:
    """Make scenes known to the record.

    Returns
    -------
    tuple
        Ids of those that it did not know.
    """
    with writing(record) as session:
        site = site_row(session, uid)
        known = set(session.scalars(select(SceneRow.key).where(SceneRow.site_id == site.id)))
        fresh = [s for s in sorted(scenes, key=lambda s: (s.datetime, s.id)) if s.id not in known]
        session.add_all(_row(site.id, scene) for scene in fresh)
        session.flush()
        return tuple(scene.id for scene in fresh)


def add_scene_files(record: Record, uid: str, described: Iterable[SceneRecord]) -> None:
    """Write down size, time and checksum of the files of scenes, where these are other than they were."""
    with writing(record) as session:
        rows = scene_rows(session, uid)
        latest = _latest_files(session, uid)
        now = dt.datetime.now(dt.UTC)
        for scene in described:
            for file in scene.files:
                if latest.get((rows[scene.id].id, file.path)) != file:
                    session.add(SceneFileRow(scene_id=rows[scene.id].id, seen=now, **file.model_dump()))
        session.flush()


def known_files(record: Record, uid: str) -> dict[str, SceneFile]:
    """What was last known of each file, by its path: spares reading it again."""
    with reading(record) as session:
        return {path: file for (_, path), file in _latest_files(session, uid).items()}


def list_scene_files(record: Record, uid: str) -> tuple[tuple[str, SceneFile], ...]:
    """The files of each scene wherever they lay, with the scene's id, as they were last used."""
    with reading(record) as session:
        keys = {row.id: key for key, row in scene_rows(session, uid).items()}
        return tuple((keys[scene], file) for (scene, _), file in _latest_files(session, uid).items())


def list_scenes(record: Record, uid: str) -> tuple[SceneEntry, ...]:
    """Scenes of a site by acquisition time, with whether a run has used them."""
    with reading(record) as session:
        rows = scene_rows(session, uid)
        used = set(session.scalars(select(RunSceneRow.scene_id).distinct()))
        entries = [
            SceneEntry(s.key, s.datetime, s.track, s.footprint, s.id in used, dict(s.provenance)) for s in rows.values()
        ]
    return tuple(sorted(entries, key=lambda entry: (entry.datetime, entry.id)))


def scene_rows(session: Session, uid: str) -> dict[str, SceneRow]:
    """Rows of a site's scenes by scene id."""
    site = site_row(session, uid)
    return {row.key: row for row in session.scalars(select(SceneRow).where(SceneRow.site_id == site.id))}


def digests_of(session: Session, uid: str) -> dict[str, str]:
    """A short digest of what was last known of the files of each scene, by scene id."""
    keys = {row.id: key for key, row in scene_rows(session, uid).items()}
    sums: dict[str, list[str]] = {}
    for (scene, path), file in sorted(_latest_files(session, uid).items()):
        sums.setdefault(keys[scene], []).append(file.sha256 or path)
    # Many statements rest on many scenes each; twelve digits tell two files of one scene apart.
    return {key: hashlib.sha256("|".join(of_scene).encode()).hexdigest()[:12] for key, of_scene in sums.items()}


def _latest_files(session: Session, uid: str) -> dict[tuple[int, str], SceneFile]:
    """The newest description of each file."""
    site = site_row(session, uid)
    found = session.execute(
        select(SceneFileRow).join(SceneRow).where(SceneRow.site_id == site.id).order_by(SceneFileRow.id)
    ).scalars()
    return {
        (row.scene_id, row.path): SceneFile(
            path=row.path, size=row.size, modified_ns=row.modified_ns, sha256=row.sha256
        )
        for row in found
    }


def _row(site_id: int, scene: Scene) -> SceneRow:
    from sitewatch.scenes import to_stac

    return SceneRow(
        site_id=site_id, key=scene.id, datetime=scene.datetime, track=scene.track.key, platform=scene.platform,
        family=scene.family, quantity=scene.quantity, footprint=scene.footprint,
        provenance=to_stac(scene).to_dict(include_self_link=False, transform_hrefs=False),
        added=dt.datetime.now(dt.UTC),
    )  # fmt: skip

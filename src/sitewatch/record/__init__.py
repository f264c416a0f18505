"""What was used, found, said and written: the workspace of a site, the record in it, and the files.

`Workspace` knows what lies where in a site's folder and refuses folders that are something else. `open_record` opens
the record, one SQLite file there or a PostgreSQL database; the functions below it add to the record or ask it, each in
a transaction, or all of a `transaction` block together. Nothing in the record is overwritten: see ``docs/record.md``.
Files appear whole or not at all, so that an interrupted run never leaves half of one.
"""

from sitewatch.record._actions import (
    KINDS,
    Comment,
    Confirm,
    MergeInto,
    Reject,
    Restore,
    SetFootprint,
    SetKind,
    Split,
    Withdraw,
)
from sitewatch.record._alerts import add_delivery, list_alerts, list_deliveries, raise_alert
from sitewatch.record._archive import ENDING, EVIDENCE, Archive, pack_workspace
from sitewatch.record._copy import copy_record
from sitewatch.record._database import Record, open_record, transaction
from sitewatch.record._detectable import read_detectable, write_detectable
from sitewatch.record._digest import record_digest
from sitewatch.record._facts import from_json, to_json
from sitewatch.record._files import SceneFile, SceneRecord, all_known, fingerprint, input_hash, scene_jobs
from sitewatch.record._findings import (
    Reword,
    Strike,
    Uphold,
    add_finding,
    edit_finding,
    finding_revisions_numbered,
    history_of_finding,
    keep_findings,
    list_findings,
)
from sitewatch.record._geopackage import write_geopackage
from sitewatch.record._identity import known_names
from sitewatch.record._images import add_scene_files, add_scenes, known_files, list_scene_files, list_scenes
from sitewatch.record._keep import keep_structures, list_observations
from sitewatch.record._lock import Holder, at_work, update_lock, watch_lock
from sitewatch.record._manifest import Manifest
from sitewatch.record._nouns import (
    Alert,
    ContextEvent,
    Delivery,
    FindingRevision,
    Observation,
    ReviewEntry,
    Revision,
    RunEntry,
    SceneEntry,
    Source,
)
from sitewatch.record._published import (
    differences,
    feature_collection,
    revision_feature,
    standing,
    write_features,
    write_published,
)
from sitewatch.record._rasters import change_raster_jobs, write_change_rasters, write_raster
from sitewatch.record._recomputed import Recomputed, recomputed, revisions_numbered
from sitewatch.record._reviews import review
from sitewatch.record._revisions import (
    count_revisions,
    get_structure,
    history_of,
    list_reviews,
    list_structures,
    structures_as_of,
)
from sitewatch.record._runs import begin_run, finish_run, list_runs
from sitewatch.record._scenes import read_scenes, write_scenes
from sitewatch.record._sites import (
    add_event,
    add_sources,
    hold_site,
    list_events,
    list_facilities,
    list_sources,
    register_site,
)
from sitewatch.record._structures import order_of, to_feature, write_centrelines, write_structures
from sitewatch.record._unpack import unpack_archive
from sitewatch.record._workspace import Workspace, user

__all__ = [
    "ENDING",
    "EVIDENCE",
    "KINDS",
    "Alert",
    "Archive",
    "Comment",
    "Confirm",
    "ContextEvent",
    "Delivery",
    "FindingRevision",
    "Holder",
    "Manifest",
    "MergeInto",
    "Observation",
    "Recomputed",
    "Record",
    "Reject",
    "Restore",
    "ReviewEntry",
    "Revision",
    "Reword",
    "RunEntry",
    "SceneEntry",
    "SceneFile",
    "SceneRecord",
    "SetFootprint",
    "SetKind",
    "Source",
    "Split",
    "Strike",
    "Uphold",
    "Withdraw",
    "Workspace",
    "add_delivery",
    "add_event",
    "add_finding",
    "add_scene_files",
    "add_scenes",
    "add_sources",
    "all_known",
    "at_work",
    "begin_run",
    "change_raster_jobs",
    "copy_record",
    "count_revisions",
    "differences",
    "edit_finding",
    "feature_collection",
    "finding_revisions_numbered",
    "fingerprint",
    "finish_run",
    "from_json",
    "get_structure",
    "history_of",
    "history_of_finding",
    "hold_site",
    "input_hash",
    "keep_findings",
    "keep_structures",
    "known_files",
    "known_names",
    "list_alerts",
    "list_deliveries",
    "list_events",
    "list_facilities",
    "list_findings",
    "list_observations",
    "list_reviews",
    "list_runs",
    "list_scene_files",
    "list_scenes",
    "list_sources",
    "list_structures",
    "open_record",
    "order_of",
    "pack_workspace",
    "raise_alert",
    "read_detectable",
    "read_scenes",
    "recomputed",
    "record_digest",
    "register_site",
    "review",
    "revision_feature",
    "revisions_numbered",
    "scene_jobs",
    "standing",
    "structures_as_of",
    "to_feature",
    "to_json",
    "transaction",
    "unpack_archive",
    "update_lock",
    "user",
    "watch_lock",
    "write_centrelines",
    "write_change_rasters",
    "write_detectable",
    "write_features",
    "write_geopackage",
    "write_published",
    "write_raster",
    "write_scenes",
    "write_structures",
]

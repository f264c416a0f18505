"""What a dossier rests on, in the dossier itself, for programs: `sitewatch verify` reads it back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from markupsafe import Markup

from sitewatch.record import SceneFile
from sitewatch.report._provenance import Provenance
from sitewatch.scenes._scene import LeftOut, Scene
from sitewatch.site import Site

MANIFEST_ID = "sitewatch-provenance"
_FORMAT = 1


def manifest_of(
    site: Site, provenance: Provenance, scenes: Sequence[Scene], left_out: Sequence[LeftOut]
) -> dict[str, Any]:
    """All that a re-run needs but the images: version, parameters, scenes with checksums, revisions of the record.

    Of files it has the names, not where they lay: a dossier is made to be passed on.
    """
    p = provenance
    return {
        "format": _FORMAT,
        "software": "sitewatch",
        "version": p.version,
        "site": site.id,
        "workspace": p.workspace,
        "run": p.run,
        "computed": p.computed,
        "input_hash": p.input_hash,
        "command": p.command,
        "parameters": {name: value for name, value in p.parameters.items() if value is not None},
        "started": p.started.isoformat() if p.started else None,
        "finished": p.finished.isoformat() if p.finished else None,
        "scenes": [
            {
                "id": scene.id,
                "datetime": scene.datetime.isoformat(),
                "track": scene.track.key,
                "files": [
                    {"name": scene_file_name(file), "size": file.size, "sha256": file.sha256}
                    for file in p.files.get(scene.id, ())
                ],
            }
            for scene in scenes
        ],
        "left_out": [
            {
                "source": entry.source,
                "reason": entry.reason,
                "hint": entry.hint,
                "datetime": entry.datetime.isoformat() if entry.datetime else None,
            }
            for entry in left_out
        ],
        "structures": dict(p.structures),
        "findings": dict(p.findings),
    }


def as_script(manifest: dict[str, Any]) -> Markup:
    """The same as an HTML element that browsers do not show."""
    text = json.dumps(manifest, ensure_ascii=False, default=str, indent=1)
    # Nothing within may end the element, nor open a comment.
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(f'<script type="application/json" id="{MANIFEST_ID}">\n{safe}\n</script>')


def scene_file_name(file: SceneFile) -> str:
    """Name of a file without its folder; of a remote one without what signs the request."""
    return PurePosixPath(file.path.split("?", 1)[0].replace("\\", "/")).name

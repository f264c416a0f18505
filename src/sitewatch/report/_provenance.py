"""How a result came about: who ran what, with which settings, and what was guessed on the way."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from sitewatch.record import SceneFile
from sitewatch.sought import Detectable


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What a reader needs to repeat a run and to know its limits.

    Attributes
    ----------
    version
        Version of sitewatch.
    command
        The command line, or a sentence that says how the run was started.
    parameters
        Settings in force, name to value; shown as they print.
    started, finished
        UTC; None where not recorded.
    notes
        Guesses made on the user's behalf that no stack carries, and other remarks.
    detectable
        The smallest of each kind that would have been found here; empty where it was not worked out.
    run, input_hash, workspace
        Number of the run in the record, the hash of all that it rests on, and the workspace's name there; empty where
        nothing was kept.
    files
        Of each scene its files, with size and SHA-256.
    structures, findings
        Which revision of each the dossier shows, by name.
    computed
        Whether it was written with a run at hand; else from what the record kept of one, which is less in its notes.
    """

    version: str
    command: str = ""
    parameters: Mapping[str, object] = dataclasses.field(default_factory=dict)
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    notes: tuple[str, ...] = ()
    detectable: tuple[Detectable, ...] = ()
    run: int | None = None
    input_hash: str = ""
    workspace: str = ""
    files: Mapping[str, tuple[SceneFile, ...]] = dataclasses.field(default_factory=dict)
    structures: Mapping[str, int] = dataclasses.field(default_factory=dict)
    findings: Mapping[str, int] = dataclasses.field(default_factory=dict)
    computed: bool = True

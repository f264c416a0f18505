"""How a result came about: who ran what, with which settings, and what was guessed on the way."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

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
    """

    version: str
    command: str = ""
    parameters: Mapping[str, object] = dataclasses.field(default_factory=dict)
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    notes: tuple[str, ...] = ()
    detectable: tuple[Detectable, ...] = ()

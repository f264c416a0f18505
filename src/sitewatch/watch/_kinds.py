"""The kinds of news that a watch raises alerts for."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "watch begun",
    "new candidate",
    "confirmed",
    "phase change",
    "completed",
    "growth resumed",
    "withdrawn",
    "scene gap",
    "monitoring stalled",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Where one step brings several news of a structure, the alert bears the name of the first of these.
FOREMOST: tuple[Kind, ...] = (
    "withdrawn",
    "confirmed",
    "new candidate",
    "growth resumed",
    "completed",
    "phase change",
)

"""What receivers share whose one target is a file."""

from __future__ import annotations

import dataclasses
from typing import Generic, TypeVar

from sitewatch.watch._rules import Feed, LinesFile

Rules = TypeVar("Rules", Feed, LinesFile)


@dataclasses.dataclass(frozen=True)
class IntoFile(Generic[Rules]):
    """A file that alerts are written to; see `Channel`."""

    rules: Rules

    @property
    def name(self) -> str:
        """As the rules call it."""
        return self.rules.name

    @property
    def targets(self) -> tuple[str, ...]:
        """The file's path."""
        return (str(self.rules.path),)

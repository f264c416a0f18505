"""A statement as the values of a row, and what it rests on: how two states of that differ, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sitewatch.finding import Finding
from sitewatch.words import counted


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a statement rests on: facts by name, in words, and what the files of each scene are."""

    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        """JSON values."""
        return {"facts": dict(self.facts), "files": dict(self.files)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Evidence:
        """What `as_plain` was given."""
        return cls(dict(plain["facts"]), dict(plain["files"]))


def differences_between(then: Evidence, now: Evidence) -> tuple[str, ...]:
    """How evidence has changed, as clauses; more images that show the same are no change."""
    names = dict.fromkeys([*then.facts, *now.facts])
    changed = [
        f"{name}: was {then.facts.get(name) or 'not told'}, is {now.facts.get(name) or 'not told'}"
        for name in names
        if then.facts.get(name) != now.facts.get(name)
    ]
    gone = [scene for scene in then.files if scene not in now.files]
    other = [scene for scene in then.files if scene in now.files and then.files[scene] != now.files[scene]]
    if gone:
        verb = "counts" if len(gone) == 1 else "count"
        changed.append(f"{counted(len(gone), 'image')} below it no longer {verb} ({_some(gone)})")
    if other:
        verb = "has" if len(other) == 1 else "have"
        changed.append(f"{counted(len(other), 'image')} below it {verb} other files than before ({_some(other)})")
    return tuple(changed)


def plain_of(finding: Finding) -> dict[str, Any]:
    """A statement as JSON values, without its key."""
    plain = {field.name: getattr(finding, field.name) for field in dataclasses.fields(finding) if field.name != "key"}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()} | {
        "facts": dict(finding.facts)
    }


def from_plain(plain: Mapping[str, Any], key: str) -> Finding:
    """What `plain_of` was given."""
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()}
    return Finding(**values, key=key)


def _some(scenes: list[str]) -> str:
    return scenes[0] + (f" and {len(scenes) - 1} more" if len(scenes) > 1 else "")

"""What is measured: the rows of the accuracy table, and the scenarios that stand behind each."""

from __future__ import annotations

import dataclasses

LAND = ("T137-292319-IW2", "T137-292322-IW2", "T137-292320-IW2")
SEA = ("T137-292319-IW1", "T137-292322-IW1", "T137-292318-IW1")
JOINS = tuple(f"{land}+{sea}" for land, sea in zip(LAND, SEA, strict=True))
# Joins carry piers and reclaimed land, single bursts buildings and demolitions; 324-IW2 is a real coast.
REAL = (*JOINS, JOINS[0], "T137-292319-IW2", "T137-292324-IW2", "T137-292322-IW2")


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the table: a background, a level and whether anything is built."""

    name: str
    real: bool
    level: int
    empty: bool = False

    def scenario(self, seed: int) -> list[str]:
        """Arguments of the scenario writer for one seed; real backgrounds take turns."""
        background = REAL[seed % len(REAL)] if self.real else "sim"
        return ["--background", background, "--level", str(self.level), "--seed", str(seed)] + ["--empty"] * self.empty


ROWS = (
    Row("simulated, level 1", False, 1),
    Row("simulated, level 2", False, 2),
    Row("simulated, level 3", False, 3),
    Row("real OPERA, level 1", True, 1),
    Row("real OPERA, level 2", True, 2),
    Row("real OPERA, level 3", True, 3),
    Row("simulated, level 1, empty", False, 1, True),
    Row("simulated, level 2, empty", False, 2, True),
    Row("real OPERA, level 2, empty", True, 2, True),
)

"""A clock for tests of the watch."""

from __future__ import annotations

import datetime as dt


class Jumping:
    """A clock that passes over what it is to wait, and stands still meanwhile, however busy the machine is."""

    def __init__(self) -> None:
        self.begun = dt.datetime.now(dt.UTC)
        self.ahead = dt.timedelta()
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return self.begun + self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += dt.timedelta(seconds=seconds)

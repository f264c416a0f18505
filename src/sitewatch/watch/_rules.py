"""The file that says what a watch does: sites, where their images come from, who hears what and when."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sitewatch.errors import WatchError
from sitewatch.watch._kinds import KINDS, Kind
from sitewatch.watch._times import Clock, Duration, Zone


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class QuietHours(_Part):
    """A time of day in which nobody is told; what is raised in it is told together at its end."""

    begin: Clock
    end: Clock

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if isinstance(value, str):
            begin, dash, end = value.partition("-")
            if not dash:
                raise ValueError(f"{value!r} is no span of the day; write 22:00-07:00")
            return {"begin": begin.strip(), "end": end.strip()}
        return value


class Digest(_Part):
    """One message a day or a week, at a time of day, in place of one an alert."""

    weekday: int | None = Field(default=None, ge=0, le=6)
    at: Clock

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        every, _, at = value.strip().partition(" ")
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        if every == "daily":
            return {"at": at.strip()}
        if every not in days:
            raise ValueError(f"{value!r} is no digest; write 'daily 07:00' or 'monday 07:00'")
        return {"weekday": days.index(every), "at": at.strip()}


class Rule(_Part):
    """Which alerts are told, to whom, and when. What meets several rules is told by the one that tells it first."""

    kinds: tuple[Kind, ...] = KINDS
    """News to tell; all where not given."""
    smallest_m2: float = Field(default=0.0, ge=0)
    """Structures of less area are not told of, square metres."""
    least_status: Literal["candidate", "confirmed"] = "candidate"
    """``confirmed``: nothing is told of a structure before it is confirmed (and its withdrawal is)."""
    largest_p_value: float = Field(default=1.0, gt=0, le=1)
    """Structures that noise alone gives with a greater chance are not told of."""
    to: tuple[str, ...] | None = None
    """Names of receivers; all where not given."""
    quiet_hours: QuietHours | None = None
    """Such as 22:00-07:00; nobody is told then."""
    digest: Digest | None = None
    """Such as daily 07:00 or monday 07:00."""
    timezone: Zone = "UTC"
    """Of quiet hours and digests."""


class Webhook(_Part):
    """An address that alerts are posted to, signed."""

    name: str = "webhook"
    url: str = Field(pattern=r"^https?://[^/\s]+")
    secret_env: str
    """Environment variable that holds the secret which signs; a secret never stands in the file."""
    timeout_s: float = Field(default=20.0, gt=0, le=300)
    """After so many seconds without an answer the attempt has failed."""


class Email(_Part):
    """Receivers by e-mail, each told in a message of its own."""

    name: str = "email"
    to: tuple[str, ...] = Field(min_length=1)
    sender: str
    server: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str | None = None
    """Environment variable that holds the password of `user`."""
    timeout_s: float = Field(default=30.0, gt=0, le=300)


class Feed(_Part):
    """A file with an Atom feed (with GeoRSS), for a web server or a feed reader."""

    name: str = "feed"
    path: Path
    title: str = "sitewatch"
    keep: int = Field(default=200, ge=1)
    """Entries kept, the newest."""


class LinesFile(_Part):
    """A file that gains a line of JSON an alert."""

    name: str = "file"
    path: Path


Channel = Webhook | Email | Feed | LinesFile


class Catalogue(_Part):
    """A catalogue that is asked at every look."""

    source: str = Field(alias="from")
    since: dt.date | None = None
    """First day; by default three years before the workspace was made."""
    collections: tuple[str, ...] = ()
    max_gb: float = Field(default=10.0, ge=0)
    """Bring no more than this at one look, in 10⁹ bytes."""
    margin_m: float = Field(default=300.0, ge=0)


class WatchedSite(_Part):
    """A site and where its images come from."""

    workspace: Path
    """Folder of its workspace; made where it is not there, if `area` is given."""
    area: str | None = None
    """Site file (GeoJSON) or bbox:W,S,E,N."""
    images: tuple[Path, ...] = ()
    """Folders that images arrive in; added to the workspace."""
    hints: dict[str, Any] = {}
    """What these images don't say themselves, by the names of the options of `sitewatch add`."""
    catalogue: tuple[Catalogue, ...] = ()
    options: dict[str, Any] = {}
    """alpha, false_rate, tracks, since, until: as the options of `sitewatch update`."""
    every: Duration | None = None
    """How often it is looked at; by default what the file says at its top."""
    scene_gap_after: Duration | None = None
    """When an image counts as overdue; by default that follows from the track's rhythm."""
    stalled_after: Duration | None = None
    """When a watch that can't look counts as stalled; by default three times `every`, a day at least."""
    rule: tuple[Rule, ...] | None = None
    """In place of those at the top of the file."""

    @property
    def name(self) -> str:
        """What it is called in what the watch says: its workspace's folder."""
        return self.workspace.name


class WatchRules(_Part):
    """All that a watch does."""

    every: Duration = dt.timedelta(hours=6)
    webhook: tuple[Webhook, ...] = ()
    email: tuple[Email, ...] = ()
    feed: tuple[Feed, ...] = ()
    file: tuple[LinesFile, ...] = ()
    rule: tuple[Rule, ...] = (Rule(),)
    site: tuple[WatchedSite, ...] = Field(min_length=1)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Receivers of all kinds."""
        return (*self.webhook, *self.email, *self.feed, *self.file)

    def every_of(self, site: WatchedSite) -> dt.timedelta:
        """How often a site is looked at."""
        return site.every or self.every

    def stalled_after(self, site: WatchedSite) -> dt.timedelta:
        """When a watch that can't look at a site counts as stalled."""
        return site.stalled_after or max(3 * self.every_of(site), dt.timedelta(days=1))

    def rules_of(self, site: WatchedSite) -> tuple[Rule, ...]:
        """The rules in force for a site."""
        return self.rule if site.rule is None else site.rule

    @model_validator(mode="after")
    def _consistent(self) -> WatchRules:
        names = [channel.name for channel in self.channels]
        if twice := _twice(names):
            raise ValueError(f"two receivers are called {twice!r}; give each its own name")
        if twice := _twice(str(site.workspace) for site in self.site):
            raise ValueError(f"the workspace {twice} is listed twice")
        rules = (*self.rule, *(rule for site in self.site for rule in site.rule or ()))
        for name in (name for rule in rules for name in rule.to or ()):
            if name not in names:
                raise ValueError(f"a rule tells {name!r}, but no receiver is called so")
        return self


def read_rules(path: str | Path) -> WatchRules:
    """Read the file of a watch; paths in it are taken from where it lies.

    Raises
    ------
    WatchError
        If it can't be read, or says something that can't be; the text names the place.
    """
    path = Path(path)
    hint = "docs/watch.md has all that it may say; `sitewatch watch --example` prints one to begin with."
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WatchError(f"{path} can't be read ({error.strerror})", hint=hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WatchError(f"{path} is not TOML ({error})", hint=hint) from error
    try:
        rules = WatchRules.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        wrong = first["msg"].removeprefix("Value error, ")
        raise WatchError(f"{path}{f', {place}' if place else ''}: {wrong}", hint=hint) from error
    return _placed(rules, path.absolute().parent)


def _placed(rules: WatchRules, folder: Path) -> WatchRules:
    """Paths made absolute."""

    def at(path: Path) -> Path:
        return folder / path.expanduser()

    def area_at(area: str | None) -> str | None:
        return area if area is None or area.startswith("bbox:") else str(at(Path(area)))

    def hints_at(hints: dict[str, Any]) -> dict[str, Any]:
        model = at(Path(str(hints["dem"]))) if "dem" in hints else None
        return {**hints, "dem": str(model)} if model is not None and model.is_file() else hints

    def catalogue_at(one: Catalogue) -> Catalogue:
        local = at(Path(one.source))
        return one.model_copy(update={"source": str(local)}) if "://" not in one.source and local.exists() else one

    sites = tuple(
        site.model_copy(
            update={
                "workspace": at(site.workspace),
                "area": area_at(site.area),
                "hints": hints_at(site.hints),
                "images": tuple(at(folder) for folder in site.images),
                "catalogue": tuple(catalogue_at(one) for one in site.catalogue),
            }
        )
        for site in rules.site
    )
    feeds = tuple(feed.model_copy(update={"path": at(feed.path)}) for feed in rules.feed)
    files = tuple(file.model_copy(update={"path": at(file.path)}) for file in rules.file)
    return rules.model_copy(update={"site": sites, "feed": feeds, "file": files})


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None

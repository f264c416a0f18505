"""Catalogues by name: where they are, what is searched in them and how their addresses are signed."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from sitewatch.errors import SourceError

_SIGNINGS = ("none", "sas", "oauth", "bearer")
_KINDS = ("api", "static", "")
_EXTRA_FILE = "SITEWATCH_CATALOGUES"


@dataclasses.dataclass(frozen=True)
class Profile:
    """One catalogue.

    Attributes
    ----------
    name, title
        What it is called on the command line, and in full.
    url
        Address of the API or of the catalogue's file; a path for one on disk.
    kind
        ``api``, ``static``, or empty where it is yet to be found out.
    collections
        Searched where the user names none; empty means all.
    assets
        Keys of the assets that are fetched; empty means what sitewatch can read of an item.
    signing
        ``none``, ``sas``, ``oauth`` or ``bearer``.
    token_url, client
        Where tokens are had, and as which client.
    environment
        Variables that hold the credentials.
    netrc
        Machine whose entry in ``~/.netrc`` serves instead.
    licence
        Licence of the data, as the provider states it.
    """

    name: str
    url: str
    title: str = ""
    kind: str = ""
    collections: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    signing: str = "none"
    token_url: str = ""
    client: str = ""
    environment: tuple[str, ...] = ()
    netrc: str = ""
    licence: str = ""


def list_profiles() -> dict[str, Profile]:
    """All catalogues that have a name, those of the user's own file included.

    Raises
    ------
    SourceError
        The file that ``SITEWATCH_CATALOGUES`` names can't be used.
    """
    packaged = resources.files("sitewatch.sources").joinpath("profiles.toml").read_text(encoding="utf-8")
    profiles = _parsed(packaged, "profiles.toml")
    if own := os.environ.get(_EXTRA_FILE):
        try:
            profiles |= _parsed(Path(own).read_text(encoding="utf-8"), own)
        except OSError as error:
            raise SourceError(f"{_EXTRA_FILE} names {own}, which can't be read ({error.strerror})") from error
    return profiles


def find_profile(named: str) -> Profile:
    """The catalogue of a name, an address or a path on disk.

    Raises
    ------
    SourceError
        It is neither; the hint lists the names.
    """
    profiles = list_profiles()
    if named in profiles:
        return profiles[named]
    if named.startswith(("http://", "https://")):
        return Profile(name=named, url=named, title=named)
    path = Path(named.removeprefix("file://"))
    if path.is_dir():
        path = next((path / n for n in ("catalog.json", "collection.json") if (path / n).is_file()), path)
    if path.is_file():
        return Profile(name=named, url=str(path.absolute()), title=named, kind="static")
    raise SourceError(
        f"there is no catalogue {named!r}",
        hint=f"Names are {', '.join(profiles)}; the address of a STAC API or a catalogue's file does as well.",
    )


def _parsed(text: str, where: str) -> dict[str, Profile]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{where} is not TOML ({error})") from error
    return {name: _profile(name, entry, where) for name, entry in content.items()}


def _profile(name: str, entry: Any, where: str) -> Profile:
    known = {field.name for field in dataclasses.fields(Profile)} - {"name"}
    if not isinstance(entry, Mapping) or (unknown := sorted(set(entry) - known)):
        told = ", ".join(unknown) if isinstance(entry, Mapping) else "no table"
        raise SourceError(f"the catalogue {name} in {where} has what is not known there ({told})")
    if "url" not in entry:
        raise SourceError(f"the catalogue {name} in {where} has no url")
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    profile = Profile(name=name, **given)
    for field, allowed in (("signing", _SIGNINGS), ("kind", _KINDS)):
        if getattr(profile, field) not in allowed:
            raise SourceError(
                f"the catalogue {name} in {where} has the {field} {getattr(profile, field)!r}",
                hint=f"It may be {', '.join(word for word in allowed if word)}.",
            )
    return profile

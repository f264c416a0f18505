"""A folder on this machine or in object storage, told by its address (fsspec)."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from sitewatch.atomic import write_json
from sitewatch.errors import SurveyError


@dataclasses.dataclass(frozen=True)
class Folder:
    """Where a survey keeps what it has done: a path, or an address such as ``s3://bucket/survey``."""

    address: str

    @property
    def is_remote(self) -> bool:
        """Whether it lies in object storage."""
        return "://" in self.address

    def at(self, name: str) -> str:
        """Address of something in it."""
        return f"{self.address.rstrip('/')}/{name}"

    def read(self, name: str) -> dict[str, Any] | None:
        """The JSON object of that name; None where there is none, or only a part of one."""
        try:
            if self.is_remote:
                content = _files(self.address).cat_file(self.at(name))
            else:
                content = Path(self.at(name)).read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = json.loads(content)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON object; it appears whole or not at all."""
        if self.is_remote:
            _files(self.address).pipe_file(self.at(name), json.dumps(content, allow_nan=False).encode())
        else:
            write_json(Path(self.at(name)), content, indent=None)


def _files(address: str) -> Any:
    import fsspec

    try:
        return fsspec.core.url_to_fs(address)[0]
    except (ImportError, ValueError) as error:
        raise SurveyError(
            f"{address} can't be reached ({error})",
            hint="pip install 'sitewatch[dask]' brings s3fs for s3:// addresses.",
        ) from error

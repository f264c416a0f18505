"""The errors sitewatch raises; every text says what happened, to what, and what to do.

::

    SitewatchError
    ├── SiteError        the site file or area of interest can't be used
    ├── SceneError       one image can't be used (it is set aside, the rest goes on)
    │   └── UnknownSceneError   metadata is missing that only the user can supply
    ├── SourceError      a catalogue can't be searched, or something of it can't be fetched
    ├── StackError       the scenes don't make a stack
    ├── ChangeError      the statistics can't be computed from this stack
    ├── StructureError   a footprint can't be dated or measured
    ├── SurveyError      an area can't be surveyed tile by tile
    ├── WebError         the page can't be served, or a view of it can't be drawn
    ├── VerifyError      a dossier can't be computed again
    ├── ExportError      a file for, or from, other programs can't be written or read
    ├── WatchError       the rules of a watch can't be used
    │   └── DeliveryError       an alert did not reach its receiver (it is tried again)
    │       └── RefusedError        the receiver answered, and does not take this one
    └── WorkspaceError   the output folder can't be used
        ├── RecordError      the record can't be opened or written to
        ├── ArchiveError     a site's archive is broken, or of a newer sitewatch
        ├── ReviewError      what the analyst asks of a structure can't be done
        │   └── StaleError       somebody else said something of it in the meantime
        └── BusyError        another update is at work in the same workspace
"""

from __future__ import annotations


class SitewatchError(Exception):
    """Base of all errors a user can meet.

    Parameters
    ----------
    message
        What happened and to what.
    hint
        What the user can do about it; shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class SiteError(SitewatchError):
    """The site file or area of interest can't be used."""


class SceneError(SitewatchError):
    """One image can't be used; a run sets it aside with this reason and goes on."""


class UnknownSceneError(SceneError):
    """Metadata is missing that only the user can supply; the hint names the option."""


class SourceError(SitewatchError):
    """A catalogue can't be searched, or something of it can't be fetched."""


class StackError(SitewatchError):
    """The scenes don't make a stack."""


class ChangeError(SitewatchError):
    """The statistics can't be computed from this stack."""


class StructureError(SitewatchError):
    """A footprint can't be dated or measured."""


class SurveyError(SitewatchError):
    """An area can't be surveyed tile by tile."""


class ExportError(SitewatchError):
    """A file for, or from, other programs can't be written or read."""


class WatchError(SitewatchError):
    """The rules of a watch can't be used."""


class DeliveryError(WatchError):
    """An alert did not reach its receiver; it is tried again."""


class RefusedError(DeliveryError):
    """A receiver answered that it does not take this alert; others may still reach it."""


class WebError(SitewatchError):
    """The page can't be served, or a view of it can't be drawn."""


class VerifyError(SitewatchError):
    """A dossier can't be computed again."""


class WorkspaceError(SitewatchError):
    """The output folder can't be used."""


class RecordError(WorkspaceError):
    """The record can't be opened or written to."""


class ArchiveError(WorkspaceError):
    """A site's archive is broken, cut off, or of a newer sitewatch."""


class ReviewError(WorkspaceError):
    """What the analyst asks of a structure can't be done."""


class StaleError(ReviewError):
    """Somebody else, or a run, said something of the structure after the reviewer looked."""


class BusyError(WorkspaceError):
    """Another update is at work in the same workspace."""

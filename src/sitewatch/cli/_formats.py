"""``sitewatch formats``: what can be read, and how far that has been tried."""

from __future__ import annotations

import dataclasses

from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._shared import Screen, with_shared_options


@with_shared_options
def formats(screen: Screen) -> None:
    """List the product families that can be read, and what was verified on real data.

    Where it says specification, only files built to the published specification have been read so far.

    Example: [bold]sitewatch formats[/]
    """
    with session(screen) as terminal:
        from sitewatch.scenes._formats import FORMATS

        if terminal.as_json:
            terminal.print_json({"what": "formats", "families": [dataclasses.asdict(family) for family in FORMATS]})
            return
        table = Table("family", "verified on", "products", "what is done", box=None, pad_edge=False)
        for family in FORMATS:
            table.add_row(*(escape(text) for text in (family.name, family.verified, family.products, family.note)))
        terminal.print_table(table)

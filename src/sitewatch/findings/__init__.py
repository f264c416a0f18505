"""Findings: what the record says of a site, as sentences that tell what they rest on and how sure they are.

`site_findings` writes them from the structures, the images and the events; the record keeps them, with what analysts
made of them (`sitewatch.record.keep_findings`). None says what anything is for.
"""

from sitewatch.findings._site import site_findings

__all__ = ["site_findings"]

"""Fixtures of the model case."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sitewatch.site import Site
from sitewatch.structures import Structure
from transport_case import made_structure, model_site, model_structures


@pytest.fixture
def made() -> Callable[..., Structure]:
    return made_structure


@pytest.fixture
def site() -> Site:
    return model_site()


@pytest.fixture
def structures() -> tuple[Structure, ...]:
    return model_structures()

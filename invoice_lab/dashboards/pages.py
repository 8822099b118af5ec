"""The allow-list of pages, read from ``pages.yaml``."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import yaml

NEVER_PAGES = frozenset({"extract"})
"""Notebooks that write or hold credentials: refused as pages even if someone lists them."""


@dataclass(frozen=True)
class Page:
    """One dashboard page.

    Attributes
    ----------
    name : str
        The page's address: ``/<name>``.
    notebook : str
        File name in the notebooks folder.
    title, description : str
        As the navigation bar and the landing page show them.
    """

    name: str
    notebook: str
    title: str
    description: str


@functools.cache
def pages() -> tuple[Page, ...]:
    """Return the pages in the order of the navigation bar."""
    rows = yaml.safe_load(Path(__file__).with_name("pages.yaml").read_text())
    listed = tuple(Page(**row) for row in rows)
    if forbidden := NEVER_PAGES & {Path(page.notebook).stem for page in listed}:
        raise ValueError(f"pages.yaml lists {sorted(forbidden)}, which may never be served")
    return listed


def find_page(path: str) -> Page | None:
    """Return the page of an address such as ``sales`` or ``sales.ipynb``; None where it is no page."""
    return next((page for page in pages() if path in (page.name, page.notebook)), None)

"""Strangers' names as text that can be stored and printed."""

from __future__ import annotations

import os


def text_name(name: str) -> str:
    """Return a file name as text that can be stored and printed: bytes that are no UTF-8 show as their hex codes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def printable(name: str) -> str:
    """Return a stranger's name as text that can be stored and printed: what can't be shows as its code."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in name)


def storable(text: str) -> bool:
    """Tell whether PostgreSQL can keep a text as it is: a path may hold bytes that are no UTF-8."""
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False

"""Markup that can be shown, and the one place where a stranger's text is made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup
from markupsafe import escape as _escape

# controls that HTML and SVG may not hold, and marks that turn the reading direction of what follows
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]")


class Html(Markup):
    """Markup that notebooks show as it is; ``Html("<b>{}</b>").format(text)`` escapes `text`."""

    def _repr_html_(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"<Html, {len(self)} characters>"


def clean(text: object) -> str:
    """Return `text` without characters that can't be seen; what comes from OCR can hold any."""
    return _UNSEEN.sub("", str(text))


def escape(text: object) -> Html:
    """Return `text` as markup that shows exactly it; markup is passed on."""
    return text if isinstance(text, Html) else Html(_escape(clean(text)))


def join(parts: Iterable[Html], separator: str = "\n") -> Html:
    """Return the parts one after the other."""
    return Html(separator.join(parts))


def paragraph(*sentences: str | Html, kind: str = "il-text") -> Html:
    """Return sentences as one paragraph."""
    return Html('<p class="{}">{}</p>').format(kind, join(map(escape, sentences), " "))


def term(word: str, meaning: str) -> Html:
    """Return a term of the field that is explained on hover."""
    return Html('<abbr class="il-term" title="{}">{}</abbr>').format(meaning, word)

"""The head of a page: what this is, of which data, and whether that is made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from invoice_lab.reporting.markup import Html, join, paragraph

SAMPLE_BAND = "Made-up sample data: drawn by invoice_lab from a seed. No person, product or sale on this page is real."


def header(
    title: str,
    what: str,
    facts: Mapping[str, str],
    fingerprint: str,
    *,
    sample: bool,
    label: Callable[[str], str] = str,
) -> Html:
    """Return title, one sentence on what this is, and the facts in a row.

    Parameters
    ----------
    title, what : str
    facts : mapping of str to str
        Value by label.
    fingerprint : str
        Of the data.
    sample : bool
        Whether the data is made up; a band then says so.
    label : callable
        Says title and labels in the reader's language.
    """
    items = [_fact(label(name), value) for name, value in facts.items()]
    items.append(_fact(label("Data fingerprint"), fingerprint, "il-small"))
    band = Html('<p class="il-band" role="note">{}</p>').format(SAMPLE_BAND) if sample else Html()
    return Html(
        '<div class="il-header">{}<h1>{}</h1><p class="il-what">{}</p><dl class="il-facts">{}</dl></div>'
    ).format(band, label(title), what, join(items))


def findings(*sentences: str) -> Html:
    """Return what the numbers say, a sentence an item."""
    items = [Html("<li>{}</li>").format(sentence) for sentence in sentences if sentence]
    return Html('<ul class="il-findings">{}</ul>').format(join(items)) if items else Html()


def notes(*sentences: str) -> Html:
    """Return sentences on how sure something is."""
    return join([paragraph(sentence) for sentence in sentences if sentence])


def _fact(label: str, value: str, kind: str = "") -> Html:
    return Html('<div class="{}"><dt>{}</dt><dd>{}</dd></div>').format(kind, label, value)

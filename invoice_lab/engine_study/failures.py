"""Pictures of what an engine read wrong: the pixels beside what was read and what is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from invoice_lab.engine_study.confusions import differences
from invoice_lab.engine_study.measure import EngineRun, PageResult
from invoice_lab.engine_study.sample import StudyPage
from invoice_lab.ocr.decode import Pixels, decode
from invoice_lab.ocr.page import Box
from invoice_lab.reporting.markup import Html, escape, join
from invoice_lab.review.pictures import crop
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.comparison import Compared

Place = tuple[str, str, str]
"""Kind, file and field."""


@dataclass(frozen=True)
class Failure:
    """A field that was read wrong, and where it stands."""

    result: PageResult
    field: Compared
    box: Box


def places(runs: Sequence[EngineRun]) -> dict[Place, Box]:
    """Return where each field stands, as the first engine that read it right says, else as any says."""
    found: dict[Place, Box] = {}
    for right in (True, False):
        for run in runs:
            for result in run.results:
                for one in result.fields:
                    if one.box and one.right == right:
                        found.setdefault(_place(result.page, one), one.box)
    return found


def failures(run: EngineRun, known: Mapping[Place, Box], most: int) -> list[Failure]:
    """Choose failures: those on accepted pages first, then of each kind of field one after the other."""
    every = [
        Failure(result, one, box)
        for result in sorted(run.results, key=lambda result: not result.accepted)
        for one in result.fields
        if not one.right and (box := one.box or known.get(_place(result.page, one)))
    ]
    turn: dict[str, int] = {}
    ranks = []
    for number, failure in enumerate(every):
        turn[failure.field.kind] = turn.get(failure.field.kind, 0) + 1
        ranks.append((turn[failure.field.kind], number))
    return [every[number] for _, number in sorted(ranks)[:most]]


def gallery(engine: str, shown: Sequence[Failure]) -> Html:
    """Return failures of an engine as pictures with what was read and what is true."""
    cards = join(_card(failure) for failure in shown)
    return Html('<h3>{}</h3><div class="il-failures">{}</div>').format(engine, cards)


def _card(failure: Failure) -> Html:
    one, result = failure.field, failure.result
    picture = crop(_sheets(result.page.scan), failure.box)
    image = Html('<img src="{}" alt="{} on the scan">').format(picture, one.name) if picture else Html()
    true, read = marked(one.true or "", one.read or "")
    said = read if one.read is not None else Html("<em>nothing</em>")
    accepted = Html(' · <strong class="il-worse">accepted</strong>') if result.accepted else Html()
    return Html(
        '<figure class="il-failure">{}<figcaption>{} · {}{}</figcaption>'
        "<dl><dt>true</dt><dd>{}</dd><dt>read</dt><dd>{}</dd></dl></figure>"
    ).format(image, one.name, result.page.kind, accepted, true if one.true else Html("<em>nothing</em>"), said)


def marked(true: str, read: str) -> tuple[Html, Html]:
    """Return two texts as markup with their differences marked."""
    pieces = list(differences(true, read))
    sides: Iterator[Html] = (
        join((_piece(tag, piece[side]) for tag, *piece in pieces), separator="") for side in (0, 1)
    )
    return next(sides), next(sides)


def _piece(tag: str, text: str) -> Html:
    return escape(text) if tag == "equal" or not text else Html("<mark>{}</mark>").format(escape(text))


@lru_cache(maxsize=4)
def _sheets(scan: Scan) -> tuple[Pixels, ...]:
    return decode(scan.data)


def _place(page: StudyPage, one: Compared) -> Place:
    return page.kind, page.truth["file"], one.name

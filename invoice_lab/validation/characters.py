"""Characters that a field can't hold: what engines make of dust and of worn letters, and what nobody prints."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from invoice_lab.ocr.page import shortened
from invoice_lab.validation.draft import Draft
from invoice_lab.validation.fields import every_field
from invoice_lab.validation.finding import Finding

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that no paper holds: control and format characters, unassigned and private ones, surrogates."""
_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}\N{SOFT HYPHEN}"
"""Format characters that writing systems need."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that were no text."""
_SPECKS = re.compile(r"[¦¬|\\^~]")
"""What engines make of dust, edges and folds."""
_LONELY_MARKS = re.compile(r"(?<!\S)(?!\.{3}(?!\S))['’‘`´.,_]+(?!\S)|__")
"""Marks that stand by themselves, and no ellipsis: what dust and the rule below a table look like."""
_EMAIL = re.compile(r"[^\s@(),:;<>\[\]\"\\]+@[\w-]+(\.[\w-]+)+")
"""An address: a local part without the signs that RFC 5322 keeps for other uses, and a domain of letters and digits."""
_NAME_SIGNS = frozenset(" .,'’-–&()/+\"·")
_DIGIT_IN_NAME = re.compile(r"[0-9]")
"""Digits that stand beside a small letter are misread letters, as in ``J0hn``; ``3M`` is a name."""
_DIGIT_IN_WORD = re.compile(r"(?P<before>\w{2})[0-9](?P<after>\w)|(?P<left>\w)[0-9](?P<right>\w{2})")


def impossible_characters(draft: Draft, today: date) -> Iterator[Finding]:
    """No field holds characters that it can't hold."""
    for name, field in every_field(draft.page).items():
        reason = _reason(name.rpartition(".")[2], field.value) if field.value else None
        if reason:
            yield Finding(
                "characters-impossible",
                "error",
                name,
                f"The field {name} was read as {shortened(field.value or '')!r}: {reason}.",
            )


def _reason(kind: str, text: str) -> str | None:
    """Return why a text can't be, None where it can."""
    tests = (_unprintable, _lonely_accent, _mixed_scripts, *_OF_KIND.get(kind, ()))
    return next((reason for test in tests if (reason := test(text))), None)


def _unprintable(text: str) -> str | None:
    found = [
        sign
        for sign in text
        if sign == _REPLACEMENT or (unicodedata.category(sign) in _UNPRINTABLE and sign not in _JOINERS)
    ]
    return f"nobody prints the character {found[0]!a}" if found else None


def _lonely_accent(text: str) -> str | None:
    """An accent by itself, as after a letter that was lost."""
    for before, sign in zip(" " + text, text, strict=False):
        if unicodedata.category(sign) == "Mn" and unicodedata.category(before)[0] not in "LM":
            return f"the accent {sign!a} stands on no letter"
    return None


def _mixed_scripts(text: str) -> str | None:
    """Two scripts within a word, such as a Cyrillic letter among Latin ones that look the same."""
    for word in re.findall(r"\w+", text):
        scripts = {unicodedata.name(sign, "?").split()[0] for sign in word if sign.isalpha() and sign not in "ªºµ"}
        if len(scripts & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "ARABIC"}) > 1:
            return f"{word!r} mixes the letters of several scripts"
    return None


def _specks(text: str) -> str | None:
    found = _SPECKS.search(text)
    return f"{found[0]!r} is no character of such a text" if found else None


def _lonely_marks(text: str) -> str | None:
    found = _LONELY_MARKS.search(text)
    return f"{found[0]!r} belongs to no word" if found else None


def _digits_in_name(text: str) -> str | None:
    for place in (found.start() for found in _DIGIT_IN_NAME.finditer(text)):
        if any(sign.islower() for sign in text[max(place - 1, 0) : place + 2]):
            return "a digit stands within a name's letters"
    return None


def _signs_in_name(text: str) -> str | None:
    strange = [sign for sign in text if unicodedata.category(sign)[0] not in "LMN" and sign not in _NAME_SIGNS]
    return f"{strange[0]!r} is no character of a name" if strange else None


def _no_address(text: str) -> str | None:
    if not text.isascii():
        return "letters with accents, and signs of other scripts, hardly occur in an e-mail address"
    return None if _EMAIL.fullmatch(text) else "that is no e-mail address"


def _digits_in_word(text: str) -> str | None:
    """A digit among small letters, as in ``cl1p``; ``b2b``, ``500ml`` and ``A4`` are words."""
    for found in _DIGIT_IN_WORD.finditer(text):
        around = "".join(part for part in found.groups() if part)
        if around.isalpha() and around.islower():
            return f"a digit stands within the word at {found[0]!r}"
    return None


_Test = Callable[[str], str | None]
_OF_KIND: Mapping[str, tuple[_Test, ...]] = {
    "name": (_specks, _lonely_marks, _digits_in_name, _signs_in_name),
    "email": (_no_address,),
    "product": (_specks, _lonely_marks, _digits_in_word),
    "address_1": (_specks, _lonely_marks),
    "address_2": (_specks, _lonely_marks),
}

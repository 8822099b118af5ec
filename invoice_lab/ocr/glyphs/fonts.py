"""The font files that layouts name: where the system keeps them, and what to install where they are missing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont, features

from invoice_lab.errors import MissingToolError

Shaping = Literal["basic", "raqm"]

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("~/.fonts"), Path("~/.local/share/fonts"))
FONT_FILES = frozenset({".ttf", ".otf"})
REMEDY = "Run `sudo apt-get install -y fonts-lato fonts-freefont-ttf libfribidi0`, or install that font."


@cache
def find_font(name: str) -> Path | None:
    """Return where the system keeps the font file `name`, None where it is not installed."""
    for folder in FOLDERS:
        found = sorted(folder.expanduser().rglob(name))
        if found:
            return found[0]
    return None


@cache
def installed_fonts() -> tuple[str, ...]:
    """Return the names of the font files that the system keeps, sorted."""
    files = (path for folder in FOLDERS for path in folder.expanduser().rglob("*"))
    return tuple(sorted({path.name for path in files if path.suffix.lower() in FONT_FILES}))


@cache
def load_font(name: str, size: float, shaping: Shaping) -> ImageFont.FreeTypeFont:
    """Load a font.

    Parameters
    ----------
    name : str
        Its file's name, such as ``Lato-Light.ttf``.
    size : float
        Pixels an em.
    shaping : {"basic", "raqm"}
        How letters are put side by side: by their advances alone, or by Raqm with kerning and ligatures.

    Raises
    ------
    MissingToolError
        The font, or Raqm, is not installed.
    """
    path = find_font(name)
    if path is None:
        raise MissingToolError(f"The font {name}, which a layout is drawn with, is not installed.", REMEDY)
    if shaping == "raqm" and not features.check("raqm"):
        raise MissingToolError("Pillow can't load Raqm (its library FriBiDi is missing).", REMEDY)
    engine = ImageFont.Layout.RAQM if shaping == "raqm" else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(path), size, layout_engine=engine)

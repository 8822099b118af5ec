"""The two fonts of the pages, and what to install where they are missing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont, features

from invoice_lab.errors import MissingToolError

Face = Literal["lato", "mono"]
Engine = Literal["basic", "raqm"]

DEBIAN = Path("/usr/share/fonts/truetype")
FOLDERS = (DEBIAN / "lato", DEBIAN / "freefont")
"""Where Debian keeps them; elsewhere Pillow looks for them."""
FACES: dict[Face, str] = {"lato": "Lato-Light.ttf", "mono": "FreeMono.ttf"}
REMEDY = "Run `sudo apt-get install -y fonts-lato fonts-freefont-ttf libfribidi0`."


def font(face: Face, size: int, engine: Engine) -> ImageFont.FreeTypeFont:
    """Load one of the two fonts, see `load_font`."""
    return load_font(FACES[face], size, engine)


@cache
def load_font(file: str, size: int, engine: Engine) -> ImageFont.FreeTypeFont:
    """Load a font, wherever the system keeps it.

    Parameters
    ----------
    file : str
        Its file's name, such as ``Lato-Light.ttf``.
    size : int
        Pixels an em.
    engine : {"basic", "raqm"}
        Layout engine: Raqm kerns and draws ligatures.

    Raises
    ------
    MissingToolError
        The font, or Raqm, is not there; the remedy is the apt command.
    """
    if engine == "raqm" and not features.check("raqm"):
        raise MissingToolError(
            "Pillow can't load Raqm (its library FriBiDi is missing), which draws fac-2018 pages.", REMEDY
        )
    layout = ImageFont.Layout.RAQM if engine == "raqm" else ImageFont.Layout.BASIC
    known = next((folder / file for folder in FOLDERS if (folder / file).is_file()), None)
    try:
        return ImageFont.truetype(str(known or file), size, layout_engine=layout)
    except OSError:
        raise MissingToolError(f"The font {file} is not installed.", REMEDY) from None


def check_fonts() -> None:
    """Load every face with every engine, to fail before the first page is drawn.

    Raises
    ------
    MissingToolError
        See `font`.
    """
    for face in ("lato", "mono"):
        for engine in ("basic", "raqm"):
            font(face, 20, engine)

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
FACES: dict[str, tuple[Path, str]] = {
    "lato": (DEBIAN / "lato" / "Lato-Light.ttf", "Lato Light"),
    "mono": (DEBIAN / "freefont" / "FreeMono.ttf", "GNU FreeMono"),
}
REMEDY = "Run `sudo apt-get install -y fonts-lato fonts-freefont-ttf libfribidi0`."


@cache
def font(face: Face, size: int, engine: Engine) -> ImageFont.FreeTypeFont:
    """Load a font: from where Debian keeps it, else from wherever the system does.

    Parameters
    ----------
    face : {"lato", "mono"}
        Lato Light or GNU FreeMono.
    size : int
        Pixels an em.
    engine : {"basic", "raqm"}
        Layout engine: Raqm kerns and draws ligatures.

    Raises
    ------
    MissingToolError
        The font, or Raqm, is not there; the remedy is the apt command.
    """
    path, name = FACES[face]
    if engine == "raqm" and not features.check("raqm"):
        raise MissingToolError(
            "Pillow can't load Raqm (its library FriBiDi is missing), which draws fac-2018 pages.", REMEDY
        )
    layout = ImageFont.Layout.RAQM if engine == "raqm" else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(str(path) if path.is_file() else path.name, size, layout_engine=layout)
    except OSError:
        raise MissingToolError(f"The font {name} ({path.name}) is not installed.", REMEDY) from None


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

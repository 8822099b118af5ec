"""What a scan may measure, so that no file can fill the memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from invoice_lab.errors import ScanError

Pixels = npt.NDArray[np.uint8]
"""An image: (height, width) grey or (height, width, 3) RGB."""

Size = tuple[int, int]
"""Width and height in pixels."""


def sheet_names(count: int) -> list[str]:
    """Name the sheets of a file, as a message begins with them."""
    return [f"Sheet {number}" for number in range(1, count + 1)] if count > 1 else ["The picture"]


@dataclass(frozen=True)
class Limits:
    """What a scan may measure at the most, and must at the least.

    Attributes
    ----------
    megabytes : float
        Of the file (1e6 bytes).
    megapixels : float
        Of a sheet (1e6 pixels), and of a picture within a PDF.
    shortest_side, longest_side : int
        Of a sheet, in pixels.
    sheets : int
        Of a file.
    total_megapixels : float
        Of all sheets of a file, which are in memory together: three bytes a pixel.
    """

    megabytes: float = 50
    megapixels: float = 60
    shortest_side: int = 50
    longest_side: int = 20_000
    sheets: int = 200
    total_megapixels: float = 300

    @property
    def bytes(self) -> int:
        """The largest file, in bytes."""
        return round(self.megabytes * 1e6)

    def check_file(self, length: int) -> None:
        """Refuse a file of too many bytes.

        Raises
        ------
        ScanError
            With the code ``too-large``.
        """
        if length > self.bytes:
            size = f"{length / 1e6:.1f} MB"
            raise ScanError("too-large", f"The file has {size}; the limit is {self.megabytes:g} MB.")

    def check_count(self, sheets: int) -> None:
        """Refuse a file of too many sheets.

        Raises
        ------
        ScanError
            With the code ``too-many-sheets``.
        """
        if sheets > self.sheets:
            raise ScanError(
                "too-many-sheets", f"The file has more than {self.sheets} sheets; hand it in as several files."
            )

    def check_sizes(self, sizes: Sequence[Size]) -> None:
        """Refuse sheets that are too large or too small; to be asked before any of them is decoded.

        Parameters
        ----------
        sizes : sequence of (int, int)
            Width and height of each sheet of a file, in pixels.

        Raises
        ------
        ScanError
            With the code ``too-large`` or ``too-small``; the message names the sheet where there are several.
        """
        for name, size in zip(sheet_names(len(sizes)), sizes, strict=True):
            self._check_size(*size, name)
        self.check_total(sizes, "sheets")

    def check_picture(self, width: int, height: int) -> None:
        """Refuse a picture within a page that is too large, however small it is shown.

        Raises
        ------
        ScanError
            With the code ``too-large``.
        """
        self._check_most(width, height, "A picture in the PDF")

    def check_total(self, sizes: Sequence[Size], what: str) -> None:
        """Refuse pictures that are too large together.

        Parameters
        ----------
        sizes : sequence of (int, int)
            Width and height of each, in pixels.
        what : str
            What they are, for the message.

        Raises
        ------
        ScanError
            With the code ``too-large``.
        """
        total = sum(width * height for width, height in sizes) / 1e6
        if total > self.total_megapixels:
            raise ScanError(
                "too-large",
                f"The {len(sizes)} {what} have {total:.0f} MP together; the limit is {self.total_megapixels:g} MP.",
            )

    def _check_size(self, width: int, height: int, what: str) -> None:
        self._check_most(width, height, what)
        if min(width, height) < self.shortest_side:
            raise ScanError("too-small", f"{what} has {width} x {height} pixels; no invoice can be read in that.")

    def _check_most(self, width: int, height: int, what: str) -> None:
        size = f"{what} has {width} x {height} pixels"
        if width * height > self.megapixels * 1e6:
            raise ScanError("too-large", f"{size}; the limit is {self.megapixels:g} MP.")
        if max(width, height) > self.longest_side:
            raise ScanError("too-large", f"{size}; the longest side may have {self.longest_side}.")

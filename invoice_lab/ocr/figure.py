"""The figure of a page: each stage that reading went through, and the scan with the box of every field."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from invoice_lab.errors import UsageError
from invoice_lab.ocr.decode import Pixels, decode
from invoice_lab.ocr.page import SURE, Field, Page, every_field
from invoice_lab.ocr.recent import recall
from invoice_lab.ocr.shots import Shot, shots
from invoice_lab.sources.scan import Scan
from invoice_lab.tokens import tokens

WIDTH, EDGE, HEAD = 13.0, 0.3, 0.75
"""Inches: of the figure, around everything, of the title."""
IN_A_ROW, GAP, CAPTION = 4, 0.3, 0.85
"""Stages beside each other; inches between them and for the words above each."""
TALLEST, TALLEST_SCAN, MARGIN = 3.8, 11.0, 3.1
"""Inches: of a stage, of the scan, and on each side of the scan for the names of the fields."""
SHOT_WIDTH, SCAN_WIDTH = (WIDTH - 2 * EDGE - (IN_A_ROW - 1) * GAP) / IN_A_ROW, WIDTH - 2 * EDGE - 2 * MARGIN
"""Inches."""
MOST_SHEETS = 5
"""Of an invoice of more sheets the first are drawn."""
SMALL, NORMAL, LARGE = 8.5, 10.0, 14.0
"""Sizes of letters in points."""
LINE = 1.15
"""Height of a line, in sizes."""
LABEL_HEIGHT = 0.25
"""Inches from one name to the next."""
SAME_ROW = 0.3
"""Shares of that within which fields count as standing in one row."""
WRAP = 42
"""Characters of a line above a stage."""


class PageFigure(Figure):
    """A matplotlib figure that a notebook shows even where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def sheets_of(page: Page, scan: Scan | Sequence[Pixels] | None) -> Sequence[Pixels]:
    """Return the sheets that a page was read from.

    Raises
    ------
    UsageError
        Without a scan where the one that was read is gone, or with another than was read.
    ScanError
        Where its bytes are no usable picture.
    """
    scan = scan if scan is not None else recall(page.sha256)
    if scan is None:
        raise UsageError(
            "A page holds no pixels, and the scan it was read from is gone.", "Give the scan: page.show(scan)."
        )
    if not isinstance(scan, Scan):
        return scan
    if scan.sha256 != page.sha256:
        raise UsageError(f"The page was read from another scan than {scan.name!r}.", "Give the one it was read from.")
    return decode(scan.data)


@dataclass(frozen=True)
class _Label:
    """What is written beside the scan: a mark a field, where it points to (pixels), and how sure the least is."""

    text: str
    status: str
    at: tuple[float, float]


@dataclass(frozen=True)
class _Plan:
    """A sheet with its stages, and how high they and the scan get, in inches."""

    number: int
    sheet: Pixels
    shots: list[Shot]

    @property
    def shot_height(self) -> float:
        return min(TALLEST, SHOT_WIDTH * max(shot.grey.shape[0] / shot.grey.shape[1] for shot in self.shots))

    @property
    def scan_height(self) -> float:
        return min(TALLEST_SCAN, SCAN_WIDTH * self.sheet.shape[0] / self.sheet.shape[1])

    @property
    def shots_height(self) -> float:
        return HEAD + -(-len(self.shots) // IN_A_ROW) * (CAPTION + self.shot_height + GAP)

    @property
    def height(self) -> float:
        return self.shots_height + HEAD + self.scan_height + EDGE


def draw_page_figure(page: Page, sheets: Sequence[Pixels]) -> PageFigure:
    """Draw the sheets with fields on them, of many the first: the stages of each, and the scan with their boxes.

    Where there is no field, the first sheet is drawn.
    """
    fields = {name: field for name, field in every_field(page).items() if field.box}
    numbers = sorted({field.box.sheet for field in fields.values() if field.box and field.box.sheet < len(sheets)})
    plans = [_Plan(one, sheets[one], shots(sheets[one], page, one)) for one in (numbers or [0])[:MOST_SHEETS]]
    height = EDGE + sum(plan.height for plan in plans)
    figure = PageFigure(figsize=(WIDTH, height), dpi=110, facecolor=tokens()["light"]["surface"])
    FigureCanvasAgg(figure)
    top = EDGE
    for plan in plans:
        title = _title(page, plan.number, len(sheets))
        if len(numbers) > len(plans):
            title += f", {len(plans)} of the invoice's {len(numbers)} are shown"
        _write(figure, EDGE, top, title, size=LARGE, weight="bold")
        _draw_sheet(figure, top, plan, page, fields)
        top += plan.height
    return figure


def _draw_sheet(figure: Figure, top: float, plan: _Plan, page: Page, fields: dict[str, Field]) -> None:
    _write(figure, EDGE, top + 0.36, f"{len(plan.shots)} stages, as the reader took them", size=NORMAL)
    for place, shot in enumerate(plan.shots):
        row, column = divmod(place, IN_A_ROW)
        left, upper = EDGE + column * (SHOT_WIDTH + GAP), top + HEAD + row * (CAPTION + plan.shot_height + GAP)
        _draw_shot(figure, place + 1, shot, (left, upper, SHOT_WIDTH, plan.shot_height))
    top += plan.shots_height
    _write(figure, EDGE, top, _legend(page, fields), size=NORMAL)
    axes = _axes(figure, EDGE + MARGIN, top + HEAD, SCAN_WIDTH, plan.scan_height)
    axes.imshow(plan.sheet, interpolation="antialiased", aspect="equal")
    here = {name: field for name, field in fields.items() if field.box and field.box.sheet == plan.number}
    _draw_boxes(axes, here, LABEL_HEIGHT * plan.sheet.shape[0] / plan.scan_height)


def _title(page: Page, number: int, sheets: int) -> str:
    read_by = f"read by {page.engine} ({page.engine_version})" if page.engine else "not read"
    sheet = f", sheet {number + 1} of {sheets}" if sheets > 1 else ""
    return f"{page.value('invoice_id') or 'No invoice id'} · {page.layout or 'layout unknown'} · {read_by}{sheet}"


def _legend(page: Page, fields: dict[str, Field]) -> str:
    signs = {status: tokens()["status"][status]["sign"] for status in ("accepted", "review", "failed")}
    key = (
        f"The fields on the scan:  {signs['accepted']} at least {100 * SURE:.0f} % sure   "
        f"{signs['review']} less sure   {signs['failed']} not in the field's form."
    )
    unseen = [name for name in page.fields if name not in fields]
    said = [f"Not from print: {', '.join(unseen)}."] if unseen else []
    said += [page.problem.message] if page.problem else []
    return "\n".join([key, *said]) if fields or page.problem else "\n".join(["No field was read.", *said])


def _status(field: Field) -> str:
    if field.value is None:
        return "failed"
    return "accepted" if field.confidence >= SURE else "review"


def _write(
    figure: Figure, left: float, top: float, text: str, *, size: float, colour: str = "ink", weight: str = "normal"
) -> None:
    """Write lines of text; `colour` is the name of a token."""
    across, down = figure.get_size_inches()
    style = {"color": tokens()["light"][colour], "size": size, "weight": weight, "linespacing": LINE}
    figure.text(left / across, 1 - top / down, text, va="top", parse_math=False, **style)


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    across, down = figure.get_size_inches()
    axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(tokens()["light"]["line"])
    return axes


def _draw_shot(figure: Figure, number: int, shot: Shot, place: tuple[float, float, float, float]) -> None:
    left, top, width, height = place
    _write(figure, left, top, f"{number} {shot.name}", size=NORMAL, weight="bold")
    words = textwrap.wrap(shot.does, WRAP) + textwrap.wrap(shot.why, WRAP)
    _write(figure, left, top + 0.2, "\n".join(words), size=SMALL, colour="muted")
    axes = _axes(figure, left, top + CAPTION, width, height)
    axes.imshow(shot.grey, cmap="gray", vmin=0, vmax=255, aspect="equal", interpolation="antialiased")
    axes.set_anchor("NW")


def _draw_boxes(axes: Axes, fields: dict[str, Field], apart: float) -> None:
    """Frame each field, and write the names beside the scan: what stands left of the middle on the left."""
    middle = float(sum(axes.get_xlim())) / 2
    sides: tuple[list[_Label], list[_Label]] = ([], [])
    for name, field in fields.items():
        box, status = field.box, _status(field)
        assert box is not None
        colour = tokens()["status"][status]["colour"]
        frame = (box.x - 1, box.y - 1), box.width + 2, box.height + 2
        axes.add_patch(Rectangle(*frame, fill=False, edgecolor=colour, linewidth=1.0 if status == "accepted" else 2.2))
        right = box.x + box.width / 2 > middle
        sign = tokens()["status"][status]["sign"]
        edge = box.right if right else box.x
        label = _Label(f"{sign} {name} {_percent(field.confidence)}", status, (edge, box.y + box.height / 2))
        sides[right].append(label)
    for right, labels in zip((False, True), sides, strict=True):
        _write_beside(axes, labels, right, apart)


def _percent(share: float) -> str:
    """Return a share in percent; only what is quite sure is called 100."""
    return f"{100 * share:.0f} %" if share == 1 or share < 0.99 else f"{min(100 * share, 99.9):.1f} %"


def _write_beside(axes: Axes, labels: list[_Label], right: bool, apart: float) -> None:
    labels = [label for row in _rows(labels, apart) for label in row]
    for label, height in zip(labels, _spread([label.at[1] for label in labels], apart), strict=True):
        colour = tokens()["status"][label.status]["colour"]
        axes.annotate(
            label.text,
            label.at,
            (1.02 if right else -0.02, height),
            textcoords=axes.get_yaxis_transform(),
            ha="left" if right else "right",
            va="center",
            size=SMALL,
            color=tokens()["light"]["ink"],
            parse_math=False,
            annotation_clip=False,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": tokens()["light"]["surface"], "edgecolor": colour},
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "alpha": 0.7},
        )


def _rows(labels: list[_Label], apart: float) -> list[list[_Label]]:
    """Group what points to nearly one height, from top to bottom; within a row from left to right."""
    rows: list[list[_Label]] = []
    for label in sorted(labels, key=lambda label: label.at[1]):
        if rows and label.at[1] - rows[-1][0].at[1] < SAME_ROW * apart:
            rows[-1].append(label)
        else:
            rows.append([label])
    return [sorted(row, key=lambda label: label.at[0]) for row in rows]


def _spread(heights: list[float], apart: float) -> list[float]:
    """Move heights (in rising order) as little down as keeps them apart, then all up by half of the mean of that."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + apart) if placed else height)
    moved = sum(there - here for there, here in zip(placed, heights, strict=True)) / max(len(placed), 1)
    return [height - moved / 2 for height in placed]

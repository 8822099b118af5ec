"""One theme for reports, dashboards and charts, from ``tokens.yaml`` and the segments' colours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from invoice_lab.errors import UsageError
from invoice_lab.tokens import tokens

_FOLDER = Path(__file__).parent
UNKNOWN_SEGMENT = "#85919d"


def segment_colour(name: str) -> str:
    """Return the fixed colour of a segment, ``#RRGGBB``; grey for a name that has none."""
    from invoice_lab.segmentation.segments import all_colours  # slow, and no page's style needs it

    return all_colours().get(name, UNKNOWN_SEGMENT)


def status_colour(status: str) -> str:
    """Return the fixed colour of a part's status, or raise `UsageError`."""
    return str(_status(status)["colour"])


def status_sign(status: str) -> str:
    """Return the sign that stands beside a status's colour."""
    return str(_status(status)["sign"])


def cluster_colour(label: int) -> str:
    """Return the fixed colour of a cluster, 0 being the one with the highest mean monetary value."""
    palette = tokens()["clusters"]
    return str(palette[label % len(palette)])


def css() -> str:
    """Return the whole style sheet: variables for light, dark and print, then the components."""
    dark = _variables("dark")
    return "\n".join(
        (
            f":root {{ {_variables('light')} {_shared_variables()} color-scheme: light dark; }}",
            f'@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{ {dark} }} }}',
            f'@media screen {{ :root[data-theme="dark"] {{ {dark} color-scheme: dark; }} }}',
            ':root[data-theme="light"] { color-scheme: light; }',
            (_FOLDER / "static" / "theme.css").read_text(encoding="utf-8"),
        )
    )


def themed_svg(svg: str) -> str:
    """Return an SVG whose neutral colours follow the page's theme; data colours stay as they are."""
    variables = {str(colour).lower(): name for name, colour in tokens()["light"].items()}
    return re.sub(
        r"(?<=[:\s\"])#[0-9a-fA-F]{6}\b",
        lambda found: f"var(--il-{variables[found[0].lower()]})" if found[0].lower() in variables else found[0],
        svg,
    )


def matplotlib_settings() -> dict[str, Any]:
    """Return the rcParams of our figures; what has a neutral colour follows the page by `themed_svg`."""
    light = tokens()["light"]
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "invoice_lab",
        "text.parse_math": False,
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.edgecolor": light["line"],
        "axes.labelcolor": light["muted"],
        "axes.labelsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": light["line"],
        "grid.linewidth": 0.6,
        "text.color": light["ink"],
        "xtick.color": light["line"],
        "ytick.color": light["line"],
        "xtick.labelcolor": light["muted"],
        "ytick.labelcolor": light["muted"],
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "lines.linewidth": 2,
        "lines.solid_capstyle": "round",
        "patch.linewidth": 0,
    }


def _status(status: str) -> dict[str, str]:
    known: dict[str, dict[str, str]] = tokens()["status"]
    if status not in known:
        raise UsageError(f"{status!r} is no status; known are: {', '.join(known)}.")
    return known[status]


def _variables(mode: str) -> str:
    return " ".join(f"--il-{name}: {value};" for name, value in tokens()[mode].items())


def _shared_variables() -> str:
    named = {
        **{f"font-{name}": value for name, value in tokens()["fonts"].items()},
        **{f"size-{name}": value for name, value in tokens()["sizes"].items()},
        **{f"status-{name}": value["colour"] for name, value in tokens()["status"].items()},
    }
    return " ".join(f"--il-{name}: {value};" for name, value in named.items())

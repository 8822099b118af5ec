"""How a page was made: its limits, parameters, versions, and the command that makes it again."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from invoice_lab import __version__
from invoice_lab.reporting.markup import Html, clean, join
from invoice_lab.reporting.parameters import OF_ALL

_PACKAGES = ("duckdb", "pandas", "scikit-learn", "seaborn", "papermill", "nbconvert", "itables")


def method(parameters: Mapping[str, Any], limits: Sequence[str], command: str) -> Html:
    """Return method and limits as a part of the page that is folded away.

    Parameters
    ----------
    parameters : mapping
    limits : sequence of str
        A sentence or two each.
    command : str
        What makes the page again.
    """
    points = join([Html("<li>{}</li>").format(limit) for limit in limits])
    return Html(
        '<details class="il-method" id="method"><summary>Method and limits</summary><ul>{}</ul>'
        "<h3>Parameters</h3>{}<h3>Made with</h3>{}<p>Made again by <code>{}</code></p></details>"
    ).format(points, _list(parameters), _list(_versions()), command)


def report_command(report: str, parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return the command that makes a workspace's report again; no path of this machine is in it.

    Parameters
    ----------
    report : str
        Name of its notebook.
    parameters, defaults : mapping
        Those that differ from their default are named.
    """
    words = ["invoice-lab report --workspace", str(parameters["workspace"])]
    if parameters.get("as_of"):
        words += ["--as-of", str(parameters["as_of"])]
    for name, value in parameters.items():
        if name not in OF_ALL and value != defaults.get(name):
            words += ["-p", shlex.quote(f"{report}.{name}={value}")]
    return " ".join(words)


def _versions() -> dict[str, str]:
    python = ".".join(platform.python_version_tuple()[:2])
    return {"invoice_lab": __version__, "Python": python, **{package: version(package) for package in _PACKAGES}}


def _list(values: Mapping[str, Any]) -> Html:
    rows = [Html("<dt>{}</dt><dd>{}</dd>").format(clean(name), _value(value)) for name, value in values.items()]
    return Html("<dl>{}</dl>").format(join(rows))


def _value(value: object) -> str:
    return "default" if value in ("", None) else clean(value)

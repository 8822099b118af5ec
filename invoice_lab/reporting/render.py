"""An executed notebook as one HTML file: nothing is fetched from elsewhere, and equal input gives equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoice_lab.reporting.assets import tables_assets
from invoice_lab.reporting.files import write_atomically
from invoice_lab.reporting.record import RECORD_TYPE
from invoice_lab.reporting.theme import css
from invoice_lab.settings import template_dir

if TYPE_CHECKING:
    from nbformat import NotebookNode

_NO_ADDRESSES = dict.fromkeys(
    ("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url", "jupyter_widgets_base_url"), ""
)
_KEPT_METADATA = ("tags",)
_LEFT_OUT_TAGS = {"parameters", "injected-parameters"}


def render_html(
    notebook: Path, html: Path, title: str, *, links: Mapping[str, str] | None = None, note: str = ""
) -> Path:
    """Render an executed notebook by nbconvert with the project's template, inputs hidden.

    Parameters
    ----------
    notebook : Path
        Executed; it is not changed.
    html : Path
        Written beside itself and then replaced, so that a reader never sees half a page.
    title : str
        Of the page.
    links : mapping of str to str, optional
        Navigation: relative address by label.
    note : str
        Stands in the foot.

    Returns
    -------
    Path
        `html`.
    """
    import nbformat
    from nbconvert import HTMLExporter

    folder = template_dir()
    exporter = HTMLExporter(
        template_name=folder.name,
        extra_template_basedirs=[str(folder.parent)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        anchor_link_text="",
        **_NO_ADDRESSES,
    )
    page = {"title": title, "css": css(), "assets": tables_assets(), "links": dict(links or {}), "note": note,
            "here": html.name}  # fmt: skip
    notebook_node = repeatable(nbformat.read(notebook, as_version=4))
    body, _ = exporter.from_notebook_node(notebook_node, resources={"page": page})
    write_atomically(html, body)
    return html


def repeatable(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without all that differs between two runs or is not for readers, cells named ``cell-<i>``."""
    cells = [cell for cell in notebook.cells if not _LEFT_OUT_TAGS & set(cell.metadata.get("tags", ()))]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
        cell.metadata = {key: cell.metadata[key] for key in _KEPT_METADATA if key in cell.metadata}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [_repeatable_output(output) for output in cell.outputs if _is_shown(output)]
    notebook.cells = cells
    notebook.metadata = {"language_info": {"name": "python"}}
    return notebook


def _is_shown(output: NotebookNode) -> bool:
    """Tell whether readers see an output: no records, no logs, no widgets (they need a kernel)."""
    if output.output_type == "stream":
        return False
    return not any(kind == RECORD_TYPE or "widget-view" in kind for kind in output.get("data", {}))


def _repeatable_output(output: NotebookNode) -> NotebookNode:
    if "execution_count" in output:
        output.execution_count = None
    if "metadata" in output:
        output.metadata = {}
    return output

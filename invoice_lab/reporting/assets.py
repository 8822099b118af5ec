"""What a page needs once: the style sheet, and the DataTables bundle of itables, packed so that a page stays small."""

from __future__ import annotations

import base64
import gzip
import os
import re
from functools import cache
from pathlib import Path

from invoice_lab.errors import MissingToolError
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.theme import css

PAGE_VARIABLE = "INVOICE_LAB_PAGE"
"""Environment variable of kernels whose page brings its own assets: ``report`` or ``dashboard``."""

_EXPORT = re.compile(r"\bexport\{([^}]*\bas ITable\b[^}]*)\};?")
_NAMES = {"ITable": "invoiceLabITable", "jQuery": "invoiceLabJQuery"}
_AS_JUPYTER = (
    'document.documentElement.dataset.theme = document.body.dataset.jpThemeLight === "false" ? "dark" : "light";'
)
_FOLDER = Path(__file__).parent / "static"


@cache
def tables_assets() -> Html:
    """Return what makes tables sortable, for the head of a page: no request goes out.

    The bundle (0.7 MB) is gzipped and base64-coded (0.27 MB) and unpacked by the browser.
    """
    return Html(
        '<script>document.documentElement.classList.add("il-js");</script>\n'
        '<script type="text/plain" id="il-datatables-css">{}</script>\n'
        '<script type="text/plain" id="il-datatables-js">{}</script>\n'
        '<script type="module">{}</script>'
    ).format(
        packed(_bundle("dt_bundle.css")),
        packed(_classic(_bundle("dt_bundle.js"))),
        Html((_FOLDER / "tables.js").read_text(encoding="utf-8")),
    )


def page_assets() -> Html:
    """Return all assets for a notebook that runs on its own (JupyterLab); nothing where the page brings them."""
    if os.environ.get(PAGE_VARIABLE):
        return Html()
    return Html("<style>{}</style>{}<script>{}</script>").format(Html(css()), tables_assets(), Html(_AS_JUPYTER))


def _bundle(name: str) -> str:
    import itables

    return (Path(itables.__file__).parent / "html" / name).read_text(encoding="utf-8")


def _classic(module: str) -> str:
    """Return the bundle as a plain script that leaves what `_NAMES` names behind: a module would need an address."""
    found = _EXPORT.search(module)
    exported = {public: own for own, public in re.findall(r"([\w$]+) as ([\w$]+)", found[1])} if found else {}
    if found is None or not _NAMES.keys() <= exported.keys():
        raise MissingToolError("The table bundle of this version of itables exports no ITable.", "Run `make setup`.")
    named = "".join(f"globalThis.{name}={exported[public]};" for public, name in _NAMES.items())
    script = module[: found.start()] + named + module[found.end() :]
    return f'(()=>{{"use strict";{script}\n}})();'


def packed(text: str) -> str:
    """Return a text gzipped and base64-coded, equal bytes each time, for the browser to unpack."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0)).decode("ascii")


def unpacked(text: str) -> str:
    """Return what `packed` packed; raises `ValueError`, `OSError`, `EOFError` or `zlib.error` for anything else."""
    if not text:
        raise ValueError("nothing is packed in an empty text")
    return gzip.decompress(base64.b64decode(text, validate=True)).decode("utf-8")

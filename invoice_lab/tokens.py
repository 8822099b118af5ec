"""Colours, fonts and sizes, from ``tokens.yaml``: the one place that whatever is shown takes them from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def tokens() -> dict[str, Any]:
    """Return the tokens: colours for light and dark, statuses, fonts, sizes."""
    return dict(yaml.safe_load((Path(__file__).parent / "tokens.yaml").read_text(encoding="utf-8")))

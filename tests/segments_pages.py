"""Shops for the segments page, and what can be read from its markup."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from cache_data import insert
from report_data import HOSTILE_NAME, page_of

from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import publish


def busy_truth(seed: int = 5, customers: int = 240) -> list[dict[str, Any]]:
    """Records of enough customers for every section: three kinds of them, two families of products, all ages known."""
    rng = np.random.default_rng(seed)
    records: list[dict[str, Any]] = []
    for customer in range(customers):
        kind = customer % 3
        who = {"name": f"{HOSTILE_NAME} {customer}", "address": ["1 Long Street", "12345 Town"], "gender": "F",
               "email": f"c{customer}@example.com", "birth_date": f"19{50 + customer % 50}-03-04"}  # fmt: skip
        until, last, rate = ((120, 640, 25), (600, 630, 70), (120, 330, 400))[kind]
        day = float(rng.integers(0, until))
        while day <= last or not (records and records[-1]["customer"] is who):
            family = int(rng.integers(0, 2))
            chosen = 2 * rng.choice(30, 2 + 4 * family, replace=False) + family
            lines = [{"product": f"Product {product} <i>", "quantity": int(rng.integers(1, 4)),
                      "unit_price": f"{(4, 90)[family] * (3, 2, 1)[kind]}.50"} for product in chosen]  # fmt: skip
            total = sum(line["quantity"] * float(line["unit_price"]) for line in lines)
            when = pd.Timestamp("2018-01-03 10:00") + pd.Timedelta(days=int(day))
            records.append({"file": f"{len(records)}.png", "layout": "fac-2018", "invoice_id": f"F{len(records):05d}",
                            "issued_at": str(when), "customer": who, "lines": lines, "total": f"{total:.2f}",
                            "qr": ""})  # fmt: skip
            day += 1 + rng.exponential(rate)
    return records


def publish_frames(settings: Settings, frames: Mapping[str, pd.DataFrame]) -> None:
    """Publish tables as they are."""
    publish(settings.cache_dir("sample"), "sample", partial(insert, frames=frames), sample=True)


def page(settings: Settings, **parameters: object) -> tuple[str, Mapping[str, Any]]:
    """Return the segments page of the workspace `sample` and what it recorded."""
    return page_of("segments", settings, workspace="sample", **parameters)


def visible(markup: str) -> str:
    """What a person reads, and what is drawn: no scripts, no attributes but texts for those who can't see."""
    markup = re.sub(r"<(script|style)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    alts = re.findall(r'(?:aria-label|title)="([^"]*)"', markup)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", markup), *alts])).replace("\xa0", " ")


def assert_sound(markup: str) -> None:
    """No missing or infinite number is shown, nor drawn, nor sent to a chart."""
    assert not re.findall(r".{30}\b(?:nan|NaN|NaT|inf|None|<NA>)\b.{30}", visible(markup))
    assert not re.search(r'(?:d|x|y|points|data-order)="[^"]*\b(?:nan|inf)\b', markup)
    for spec in specs(markup):
        assert not re.search(r"\b(?:NaN|Infinity)\b", json.dumps(spec))


def specs(markup: str) -> list[dict[str, Any]]:
    """The charts' descriptions as a browser reads them."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', markup, re.DOTALL)
    return [json.loads(text) for text in found]


def values_of(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that a chart is drawn from."""
    return list(spec["data"]["values"])


def rows_of(markup: str, table: str) -> list[list[str]]:
    """The cells of a table as texts."""
    body = re.findall(rf'<table id="{table}".*?<tbody>(.*?)</tbody>', markup, re.DOTALL)[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def heads_of(markup: str, table: str) -> list[str]:
    """Return the heads of a table's columns as texts."""
    head = re.findall(rf'<table id="{table}".*?<thead>(.*?)</thead>', markup, re.DOTALL)[0]
    return [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<th[^>]*>(.*?)</th>", head)]


def sales(markup: str) -> dict[str, float]:
    """Sales by segment."""
    return {row[0]: float(row[2].replace(",", "")) for row in rows_of(markup, "segments")}

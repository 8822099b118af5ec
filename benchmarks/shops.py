"""Purchase lines drawn for the measurements of recommendations, with and without personal taste."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.recommendation.baskets import Baskets, read_baskets

OWN = 5
"""Products that a customer has a taste for."""
_DAYS = 1461
_SKEW = 0.7
_REPEATED = 0.3


def write_shop(folder: Path, customers: int, baskets: int, products: int) -> int:
    """Draw purchase lines into one file a column, five a basket on average; return how many there are.

    Each customer has one basket at least, the other baskets go to few of them; the products, too, are bought unevenly,
    and `_REPEATED` of the lines are of the customer's own five. Files of single columns are read without a copy.
    """
    rng = np.random.default_rng(2026)
    sizes = rng.integers(1, 10, baskets)
    few = (customers * rng.random(baskets) ** 2).astype(np.int32)
    owner = np.where(np.arange(baskets) < customers, np.arange(baskets), few).astype(np.int32)
    basket = np.repeat(np.arange(baskets, dtype=np.int32), sizes)
    customer = owner[basket]
    day = np.datetime64("2020-01-01", "s") + rng.integers(0, _DAYS, baskets) * np.timedelta64(86_400, "s")
    own = (products * rng.random((customers, OWN)) ** 2).astype(np.int32)
    product = np.where(
        rng.random(len(basket)) < _REPEATED,
        own[customer, rng.integers(0, OWN, len(basket))],
        (products * rng.random(len(basket)) ** 2).astype(np.int32),
    )
    columns = {
        "customer_id": customer,
        "basket_id": basket,
        "date": day[basket],
        "product_id": product,
        "quantity": rng.integers(1, 7, len(basket), dtype=np.int16),
    }
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", values)
    return len(basket)


def read_shop(folder: Path) -> pd.DataFrame:
    """Return the lines that were drawn."""
    files = sorted(folder.glob("*.npy"))
    return pd.DataFrame({file.stem: np.load(file) for file in files}, copy=False)


def few_products(seed: int, customers: int = 300, baskets: int = 8, lines: int = 5, products: int = 100) -> Baskets:
    """Draw baskets without taste: products of uneven popularity, dealt out to anybody."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1, products + 1) ** -_SKEW
    basket = np.repeat(np.arange(customers * baskets), lines)
    day = 18_000 + 30 * (basket % baskets)
    product = rng.choice(products, len(basket), p=weights / weights.sum())
    return _baskets(basket // baskets, basket, day, product)


def planted(baskets: Baskets, share: float, rng: np.random.Generator) -> Baskets:
    """Draw a share of the lines anew, each from its customer's own five products.

    The five are drawn by popularity, as the other lines are: that is harder to notice than five of any.
    """
    popularity = baskets.popularity() / len(baskets.product)
    own = rng.choice(len(baskets.products), (len(baskets.customers), OWN), p=popularity)
    drawn = rng.random(len(baskets.product)) < share
    anew = own[baskets.customer, rng.integers(0, OWN, len(baskets.product))]
    basket = baskets.customer * (int(baskets.basket.max()) + 1) - baskets.basket
    return _baskets(baskets.customer, basket, baskets.day, np.where(drawn, anew, baskets.product))


def _baskets(customer: npt.ArrayLike, basket: npt.ArrayLike, day: npt.ArrayLike, product: npt.ArrayLike) -> Baskets:
    columns = {"customer_id": customer, "basket_id": basket, "product_id": product}
    dates = pd.to_datetime(np.asarray(day), unit="D")
    return read_baskets(pd.DataFrame(columns).assign(date=dates, quantity=1))


def online_retail(file: Path) -> pd.DataFrame:
    """Return the lines of UCI Online Retail, prepared as the README beside the file says."""
    rows = pd.read_parquet(file).dropna(subset="CustomerID")
    kept = ~rows["InvoiceNo"].str.startswith("C") & (rows["Quantity"] > 0) & (rows["UnitPrice"] > 0)
    rows = rows[kept & rows["StockCode"].str.match(r"\d{5}")]
    return pd.DataFrame(
        {
            "customer_id": rows["CustomerID"].astype("int64"),
            "basket_id": rows["InvoiceNo"],
            "date": rows["InvoiceDate"],
            "product_id": rows["StockCode"],
            "quantity": rows["Quantity"],
        }
    )

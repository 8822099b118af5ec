"""What is known of products besides who bought them: their names and prices."""

from __future__ import annotations

import pandas as pd

from invoice_lab.recommendation.baskets import Floats, Labels
from invoice_lab.warehouse.queries.frames import days_of, ids_of, numbers_of, require_columns, require_values


def about_products(
    lines: pd.DataFrame, products: Labels, as_of: pd.Timestamp | None = None
) -> tuple[pd.Series, Floats | None]:
    """Return the products' names and last prices.

    Parameters
    ----------
    lines : DataFrame
        date, product_id, quantity; optional: product (name), price.
    products : ndarray
        Ids.
    as_of : Timestamp, optional
        Later lines are left out.

    Returns
    -------
    named : Series of str, shape (products,)
        Missing where there is no name.
    prices : ndarray of float, shape (products,), or None

    Raises
    ------
    UsageError
        For a price that is none.
    """
    require_columns(lines, [name for name in ("product", "price") if name in lines.columns], "lines")
    named = pd.Series(index=range(len(products)), dtype=object)
    if "product" in lines.columns:
        named = _newest(lines, lines["product"].map(str, na_action="ignore"), products, as_of).reset_index(drop=True)
    if "price" not in lines.columns:
        return named, None
    require_values(lines, ["price"], "lines")
    return named, _newest(lines, numbers_of(lines["price"], "price"), products, as_of).to_numpy()


def names_of(named: pd.Series, products: Labels) -> Labels:
    """Return the products' names, the ids where there are none."""
    names: Labels = named.astype(object).where(named.notna().to_numpy(), products).to_numpy(dtype=object)
    return names


def _newest(lines: pd.DataFrame, values: pd.Series, products: Labels, as_of: pd.Timestamp | None) -> pd.Series:
    """Return each product's value in its last purchase line; the largest where a day has several."""
    day = days_of(lines["date"], "date")
    bought = numbers_of(lines["quantity"], "quantity") > 0
    if as_of is not None:
        bought &= day <= as_of
    product = ids_of(lines["product_id"], "product_id")
    known = pd.DataFrame({"product": product.array, "day": day.array, "value": values.array})[bought.to_numpy()]
    last = known.dropna().sort_values(["day", "value"]).drop_duplicates("product", keep="last")
    return last.set_index("product")["value"].reindex(products)

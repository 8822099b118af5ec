"""The section on products: what each sells and to whom, classes, groups, nearest products, and seasons."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.reporting import words
from invoice_lab.reporting.charts import plot_bars, plot_histogram
from invoice_lab.reporting.charts_segments import plot_index
from invoice_lab.reporting.figures import figure, side_by_side
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.product_groups import LEAST_TOGETHER, ProductGroups, nearest_products, product_groups
from invoice_lab.segmentation.products import CLASSES, product_summary
from invoice_lab.segmentation.seasons import YEARS, season

_LISTED, _PAIRS = 500, 100
_CHANCE = 0.01
_MOST = 0.99
_CLASS_MEANINGS = "A: the products that bring the first 80 % of sales, B: those up to 95 %, C: the others."


class ProductSections(SegmentsData):
    """Sections on products."""

    @cached_property
    def products(self) -> pd.DataFrame:
        """One row a product, the highest sales first."""
        names = self.lines.drop_duplicates("product_id").set_index("product_id")["product"]
        return product_summary(self.lines, self.as_of, self.days).assign(product=names)

    @cached_property
    def product_groups(self) -> ProductGroups | str:
        """Groups of products by how and with what they are bought, or the sentence on why there are none."""
        try:
            return product_groups(self.lines, self.products)
        except NotEnoughDataError as error:
            return str(error)

    def product_figures(self) -> Html:
        """Return the classes and the prices of products, as two figures."""
        return Html() if self.is_empty else side_by_side(self._classes(), self._prices())

    def seasons(self) -> Html:
        """Return the invoices by weekday and by month of the year, as two figures."""
        return Html() if self.is_empty else side_by_side(self._season("weekday"), self._season("month"))

    def product_table(self) -> Html:
        """Return what each product sells, and to whom."""
        if self.is_empty:
            return Html()
        t, products = self.label, self.products
        frame = products.head(_LISTED).assign(
            sure=[f"{words.percent(row.again_low)} to {words.percent(row.again_high)}" for row in
                  products.head(_LISTED).itertuples()],
            change=products["trend"] - 1,
        )  # fmt: skip
        columns = [
            Column("product", t("Product"), "long"),
            Column("class", t("Class"), "fixed", _CLASS_MEANINGS),
            Column("sales", f"{t('Sales')}, {self.currency}", "money"),
            Column("price", f"{t('Price')}, {self.currency}", "money", "Sales by quantity."),
            Column("quantity", t("Quantity"), "whole"),
            Column("buyers", t("Buyers"), "whole"),
            Column(
                "again", t("Bought again"), "percent", "Share of the buyers with the product in two invoices or more."
            ),
            Column("sure", t("95 % interval"), "fixed"),
            Column(
                "change", t("Trend"), "percent", f"Sales of the last {self.days} days against the {self.days} before."
            ),
        ]
        if not isinstance(self.product_groups, str) and self.product_groups.stable:
            frame["group"] = self.product_groups.groups.reindex(frame.index).add(1)
            columns.insert(2, Column("group", t("Group"), "whole", "See the table of groups below."))
        n = len(products)
        shown = f"The {words.count(_LISTED, 'product')} with the highest sales of {words.whole(n)}."
        return table(
            frame,
            columns,
            table_id="products",
            label=self.label,
            caption=shown if n > _LISTED else f"All {words.count(n, 'product')}.",
        )

    def product_group_table(self) -> Html:
        """Return the groups of products, or the sentence on why there are none."""
        if self.is_empty:
            return Html()
        groups = self.product_groups
        if isinstance(groups, str):
            return paragraph(groups)
        best = groups.scores.loc[groups.scores["ari_median"].idxmax()]
        if not groups.stable:
            return paragraph(
                "Products have no groups: no number of groups from 2 to 8 is found again in resamples and has none of "
                f"a handful (the best, {words.whole(best.k)}, reaches a median adjusted Rand index of "
                f"{words.decimal(best.ari_median)}, .90 is asked for; the smallest holds "
                f"{words.count(best.smallest, 'product')}). How and with what they are bought differs by degrees, or "
                "by chance alone."
            )
        t, frame = self.label, groups.profiles.reset_index()
        row = groups.scores.set_index("k").loc[len(frame)]
        examples = [
            words.listing(list(self.products.loc[groups.groups.index[groups.groups == group]].sort_values(
                "sales", ascending=False)["product"].head(3))) for group in frame["group"]
        ]  # fmt: skip
        return table(
            frame.assign(group=frame["group"] + 1, examples=examples),
            [
                Column("group", t("Group"), "whole"),
                Column("examples", t("Best sellers"), "long"),
                Column("products", t("Products"), "whole"),
                Column("sales", f"{t('Sales')}, {self.currency}", "money"),
                Column("sales_share", t("Of sales"), "percent"),
                Column("price", f"{t('Price')}, {self.currency}", "money", t("Median.")),
                Column("quantity", t("Quantity"), "whole", t("Median.")),
                Column("buyers", t("Buyers"), "whole", t("Median.")),
                Column("again", t("Bought again"), "percent", t("Median.")),
                Column("basket_size", t("Lines of its invoices"), "whole", t("Median.")),
            ],
            table_id="product_groups",
            label=self.label,
            caption=f"Groups of products by how and with what they are bought. Found again in resamples: median "
            f"adjusted Rand index {words.decimal(row.ari_median)}, 5 % below {words.decimal(row.ari_low)}.",
        )

    def nearest(self) -> Html:
        """Return the products that are bought together most."""
        if self.is_empty:
            return Html()
        pairs = nearest_products(self.lines, k=3)
        if pairs.empty:
            return paragraph(f"No two products share {LEAST_TOGETHER} invoices, so no product is near another one.")
        names, t = self.products["product"], self.label
        sales = self.products["sales"]
        shown = pairs.assign(sales=pairs["product_id"].map(sales)).sort_values(
            ["sales", "product_id", "rank"], ascending=[False, True, True]
        )
        frame = shown.head(_PAIRS).assign(
            product=shown["product_id"].map(names), neighbour=shown["neighbour"].map(names)
        )
        return table(
            frame,
            [
                Column("product", t("Product"), "long"),
                Column("rank", t("Rank"), "whole"),
                Column("neighbour", t("Nearest product"), "long"),
                Column("together", t("Invoices with both"), "whole"),
                Column("of", t("Invoices with the product"), "whole"),
                Column("expected", t("Expected by chance"), "decimal"),
                Column("lift", t("Lift"), "decimal", "Invoices with both, by those expected by chance."),
                Column("cosine", t("Cosine"), "decimal", "0: never together, 1: always."),
            ],
            table_id="nearest",
            label=self.label,
            caption=f"The three nearest products of those with the highest sales, by the cosine of their invoices; "
            f"pairs of fewer than {LEAST_TOGETHER} invoices are left out.",
        )

    def _classes(self) -> Html:
        counts = self.products["class"].value_counts().reindex(list(CLASSES), fill_value=0)
        sales = self.products.groupby("class")["sales"].sum().reindex(list(CLASSES), fill_value=0.0)
        total, n = float(sales.sum()) or 1.0, len(self.products)
        return figure(
            f"{words.of(int(counts['A']), n, 'product')}, bring {words.percent(sales['A'] / total)} of sales",
            plot_bars,
            sales,
            xlabel=f"{self.label('Sales')}, {self.currency}",
            texts=[f"{words.percent(sales[c] / total)}, {words.count(counts[c], 'product')}" for c in CLASSES],
            height=2.6,
            alt="Bars of sales by class of products.",
            source=self.source(n, "product") + f" {_CLASS_MEANINGS}",
        )

    def _prices(self) -> Html:
        prices = self.products["price"].dropna()
        prices = prices[prices > 0]
        shown = prices[prices <= prices.quantile(_MOST)]
        return figure(
            f"Half of the products cost {words.money(prices.median(), self.currency)} or less",
            plot_histogram,
            shown,
            xlabel=f"{self.label('Price')}, {self.currency}",
            ylabel=self.label("Products"),
            unit=self.currency,
            median=float(prices.median()),
            height=2.6,
            alt="Histogram of the products' mean prices, with the median.",
            source=self.source(len(shown), "product")
            + f" Sales by quantity; the dearest {words.percent(1 - _MOST)} are "
            "left out of the picture.",
        )

    def _season(self, by: str) -> Html:
        found = season(self.purchases, self.as_of, by)
        if len(found.table) < 2:
            return Html()
        best = found.table.loc[found.table["index"].idxmax()]
        chance = found.likely > _CHANCE
        said = (
            f"No {by} stands out: days all alike differ as much in {words.percent(found.likely)} of such periods"
            if chance
            else f"{best.label} has {words.decimal(best['index'])} times the invoices of an average day"
        )
        once = by == "month" and not found.repeated
        caveat = (
            f" The period has not {YEARS} whole years, so a season can't be told from growth or decline."
            if once
            else ""
        )
        return figure(
            said,
            plot_index,
            found.table.assign(label=[self.label(name[:3]) for name in found.table["label"]]),
            xlabel=self.label("Day of the week" if by == "weekday" else "Month of the year"),
            ylabel=self.label("Invoices a day, 1 is the average"),
            height=2.6,
            alt=f"Dots of the invoices a day by {by}, with intervals, 1 being the average.",
            source=self.source(int(found.table["orders"].sum()), "invoice") + f" Lines are 95 % intervals.{caveat}",
        )

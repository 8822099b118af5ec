"""The sections on clusters of the segments report: profiles, how many, and how they agree with the segments."""

from __future__ import annotations

import string
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.reporting import words
from invoice_lab.reporting.charts import plot_choice, plot_heat_map, plot_profiles
from invoice_lab.reporting.figures import WIDE, figure, side_by_side
from invoice_lab.reporting.header import notes
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.tables import Column, table
from invoice_lab.reporting.theme import cluster_colour

if TYPE_CHECKING:
    from invoice_lab.segmentation.clusters import Agreement, CustomerClusters

AGE_SHARE = 0.5
"""Share of the customers with a known age from which on age is a feature of the clusters."""
AGE_LEAST = 30
UNSURE = 0.8
"""Share of the resamples in which a customer is in the same cluster, below which that is said to be unsure."""
UNSTABLE = "That is unstable: the clusters are a convention, not kinds of people."
_FEATURES = ("recency", "frequency", "monetary")
_AXES = {
    "recency": "Recency\n(right: long ago)",
    "frequency": "Frequency\n(right: often)",
    "monetary": "Monetary\n(right: high)",
    "age": "Age\n(right: older)",
}
_AGREEMENTS = ((0.65, "largely"), (0.3, "partly"), (-1.0, "hardly"))


class ClusterSections:
    """Sections that need `summary`, `scored`, `k`, `source` and `is_empty` of the page."""

    if TYPE_CHECKING:
        summary: pd.DataFrame
        scored: pd.DataFrame
        k: int
        currency: str
        is_empty: bool

        def source(self, n: float, noun: str) -> str:
            """Return what stands under a figure."""

    @property
    def ages_known(self) -> int:
        """How many customers have a known age."""
        return int(self.summary["age"].notna().sum())

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The features of the clusters: age only where it is known for enough customers."""
        enough = self.ages_known >= max(AGE_LEAST, AGE_SHARE * len(self.summary))
        return (*_FEATURES, "age") if enough else _FEATURES

    @cached_property
    def clusters(self) -> CustomerClusters | str:
        """The fitted clusters, or the sentence on why there are none."""
        from invoice_lab.segmentation.clusters import CustomerClusters

        try:
            return CustomerClusters(k=self.k or None, features=self.features).fit(self.summary)
        except NotEnoughDataError as error:
            return str(error)

    @cached_property
    def agreement(self) -> Agreement:
        """How far segments and clusters agree."""
        from invoice_lab.segmentation.clusters import agreement

        return agreement(self.scored["segment"], self._fitted.labels_)

    @property
    def cluster_names(self) -> pd.Series:
        """Each customer's cluster as a letter; missing where there are no clusters."""
        if isinstance(self.clusters, str):
            return pd.Series("", index=self.summary.index)
        return pd.Series([cluster_letter(label) for label in self.clusters.labels_], index=self.summary.index)

    def cluster_profiles(self) -> Html:
        """Return how the clusters differ and how many there are, as two figures."""
        if self.is_empty:
            return Html()
        if isinstance(self.clusters, str):
            return paragraph(self.clusters)
        fitted, n = self.clusters, len(self.summary)
        first = fitted.profiles_.iloc[0]
        title = (
            f"Cluster A, {words.of(first.customers, n, 'customer')}, brings {words.percent(first.sales_share)} of sales"
        )
        centers = pd.DataFrame(fitted.centers_.T, index=[_AXES[name] for name in self.features])
        return side_by_side(
            figure(
                title,
                plot_profiles,
                centers,
                colours=[cluster_colour(i) for i in range(fitted.k_)],
                labels=[f"{cluster_letter(i)} ({words.whole(n)})" for i, n in enumerate(fitted.profiles_["customers"])],
                xlabel="Difference from the average customer, standard deviations",
                alt="Dots of each cluster's mean against the average: "
                + "; ".join(f"{cluster_letter(i)} {text}" for i, text in enumerate(fitted.profiles_["description"]))
                + ".",
                source=self.source(fitted.learnt_from_, "customer")
                + " Values made even by Yeo-Johnson's transform; numbers in "
                "brackets are customers.",
            ),
            self._choice(fitted),
        )

    def cluster_table(self) -> Html:
        """Return the clusters with counts, money and words."""
        if self.is_empty or isinstance(self.clusters, str):
            return Html()
        profiles = self.clusters.profiles_.reset_index()
        profiles["letter"] = [cluster_letter(label) for label in profiles["cluster"]]
        columns = [
            Column("letter", "Cluster", "fixed"),
            Column("description", "Who they are", "long"),
            Column("rule", "Rule", "long", "Tells most of them."),
            Column("customers", "Customers", "whole"),
            Column("customer_share", "Of customers", "percent"),
            Column("sales", f"Sales, {self.currency}", "money"),
            Column("sales_share", "Of sales", "percent"),
            Column(
                "stability", "Stability", "percent", "Overlap with resamples: 100 % is the same customers each time."
            ),
            Column("recency_median", "Recency, days", "whole", "Median."),
            Column("frequency_median", "Invoices", "whole", "Median."),
            Column("monetary_median", f"Monetary, {self.currency}", "money", "Median."),
        ]
        if "age" in self.features:
            columns.append(Column("age_median", "Age, years", "whole", "Median of the known ages."))
        return table(
            profiles, columns, table_id="clusters", caption="Recency, invoices and monetary value are medians."
        )

    def cluster_agreement(self) -> Html:
        """Return customers by segment and cluster, and how far the two agree."""
        if self.is_empty or isinstance(self.clusters, str):
            return Html()
        counts = self.agreement.table
        order = [name for name in self.scored["segment"].value_counts().index if name in counts.index]
        counts = counts.loc[order].rename(columns=cluster_letter)
        return figure(
            f"Segments and clusters {self._agree()} agree (adjusted Rand index "
            f"{words.decimal(self.agreement.adjusted_rand)})",
            plot_heat_map,
            counts,
            xlabel="Cluster",
            ylabel="",
            width=WIDE,
            height=0.9 + 0.36 * len(counts),
            alt="Heat map of customers by segment and cluster, with the counts printed.",
            source=self.source(len(self.scored), "customer") + " 1 would be the same groups, 0 no more alike than by "
            "chance.",
        )

    def cluster_sure(self) -> Html:
        """Return how stable the clusters are."""
        if self.is_empty or isinstance(self.clusters, str):
            return Html()
        fitted = self.clusters
        row = fitted.scores_.set_index("k").loc[fitted.k_]
        unsure = int((fitted.confidence_ < UNSURE).sum())
        return notes(
            f"Found again in {fitted.bootstraps} resamples of the customers, the {fitted.k_} clusters agree with these "
            f"by an adjusted Rand index of {words.decimal(row['ari_median'])} (median; 5 % of the resamples are below "
            f"{words.decimal(row['ari_low'])}). A plain cloud without groups would reach "
            f"{words.decimal(float(np.median(fitted.null_)))}. "
            + ("The clusters are stable." if fitted.stable_ else UNSTABLE),
            f"Rules of three questions tell {words.percent(row['fidelity'])} of the customers' clusters.",
            f"{words.of(unsure, len(self.summary), 'customer')}, are in another cluster in more than "
            f"{words.percent(1 - UNSURE)} of the resamples.",
        )

    def age_sentence(self) -> str:
        """Say for how many customers the age is known, and whether it is used."""
        known, n = self.ages_known, len(self.summary)
        if not known:
            return "No customer's birth date is known, so age is not used."
        used = (
            "age is a feature of the clusters"
            if "age" in self.features
            else (f"too few for the clusters, which need {words.percent(AGE_SHARE)} and at least {AGE_LEAST} customers")
        )
        return f"The age of {words.of(known, n, 'customer')}, is known (from the birth date in the QR code): {used}."

    def cluster_values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if isinstance(self.clusters, str):
            return {"clusters": 0, "why_no_clusters": self.clusters}
        sizes = [int(size) for size in self.clusters.profiles_["customers"]]
        return {
            "clusters": int(self.clusters.k_),
            "cluster_sizes": sizes,
            "features": list(self.features),
            "adjusted_rand": round(self.agreement.adjusted_rand, 6),
        }

    @property
    def _fitted(self) -> CustomerClusters:
        if isinstance(self.clusters, str):
            raise NotEnoughDataError(self.clusters)
        return self.clusters

    def _agree(self) -> str:
        return next(word for least, word in _AGREEMENTS if self.agreement.adjusted_rand >= least)

    def _choice(self, fitted: CustomerClusters) -> Html:
        scores = fitted.scores_.set_index("k")["ari_median"]
        if len(scores) < 2:
            return paragraph(f"The number of clusters, {fitted.k_}, was given.")
        why = (
            "the most that are stable, large enough and told by a short rule"
            if fitted.stable_
            else "unstable, as any other number"
        )
        return figure(
            f"{fitted.k_} clusters: {why}",
            plot_choice,
            scores,
            chosen=fitted.k_,
            xlabel="Number of clusters",
            ylabel="Adjusted Rand index of resamples, median",
            alt=f"Line of the stability by number of clusters, {fitted.k_} chosen.",
            source=self.source(fitted.learnt_from_, "customer"),
        )


def cluster_letter(label: int) -> str:
    """Return a cluster's letter: A for 0, the one with the highest mean monetary value."""
    return string.ascii_uppercase[int(label)]

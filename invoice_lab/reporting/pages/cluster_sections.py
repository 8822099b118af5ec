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
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.interactive import chart_figure, cluster_map, records
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.segments_data import SegmentsData
from invoice_lab.reporting.tables import Column, table
from invoice_lab.reporting.theme import cluster_colour
from invoice_lab.segmentation.clusters import FIDELITY, LOW_ARI, USUAL_ARI, smallest_allowed

if TYPE_CHECKING:
    from invoice_lab.segmentation.agreement import Agreement
    from invoice_lab.segmentation.clusters import CustomerClusters
    from invoice_lab.segmentation.letters import Ablation

UNSURE = 0.8
"""Share of the resamples in which a customer is in the same cluster, below which that is said to be unsure."""
UNSTABLE = "The clusters do not pass all floors: they are a convention, not kinds of people."
CONTINUUM = (
    "The clusters are stable, but those of a plain cloud would often be as stable: they are a useful cut through a "
    "continuum, not separate kinds of people."
)
_OFTEN, _AGES = 0.05, 30
_DOTS = 5000
"""Customers on the map, at most: more can't be told apart."""
_AXES = {
    "recency": "Recency\n(right: long ago)",
    "frequency": "Frequency\n(right: often)",
    "monetary": "Monetary\n(right: high)",
    "age": "Age\n(right: older)",
}
_AGREEMENTS = ((0.65, "largely"), (0.3, "partly"), (-1.0, "hardly"))


class ClusterSections(SegmentsData):
    """Sections on clusters."""

    @property
    def ages_known(self) -> int:
        """How many customers have a known age."""
        return int(self.summary["age"].notna().sum())

    @cached_property
    def clusters(self) -> CustomerClusters | str:
        """The fitted clusters, or the sentence on why there are none."""
        from invoice_lab.segmentation.clusters import CustomerClusters

        try:
            return CustomerClusters(k=self.k or None, features=self.features).fit(self.summary)
        except NotEnoughDataError as error:
            return str(error)

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """The letter of each cluster: that of the cluster of the earlier day that shares most customers."""
        from invoice_lab.segmentation.letters import earlier_letters

        earlier = self.scored_before
        if "age" in self.features:
            earlier = earlier.assign(age=self.summary["age"].reindex(earlier.index))
        return self._fitted.names(self.summary.index, earlier_letters(self._fitted, earlier))

    @cached_property
    def ablation(self) -> Ablation | None:
        """What age as a feature changes; None where too few ages are known."""
        from invoice_lab.segmentation.letters import age_ablation

        return age_ablation(self._fitted, self.summary)

    @cached_property
    def agreement(self) -> Agreement:
        """How far segments and clusters agree."""
        from invoice_lab.segmentation.agreement import agreement

        return agreement(self.scored["segment"], self._fitted.labels_)

    @property
    def cluster_names(self) -> pd.Series:
        """Each customer's cluster as a letter; missing where there are no clusters."""
        if isinstance(self.clusters, str):
            return pd.Series("", index=self.summary.index)
        return pd.Series([self.letters[label] for label in self.clusters.labels_], index=self.summary.index)

    def cluster_sentence(self) -> str:
        """Say how many clusters there are, and whether they are stable."""
        if isinstance(self.clusters, str):
            return f"Customers have no clusters: {self.clusters}"
        fitted, n = self.clusters, len(self.summary)
        first = fitted.profiles_.iloc[0]
        cut = ", a cut through a continuum" if self._like_a_cloud(fitted) else ""
        if fitted.stable_:
            kind = f"Customers fall into {fitted.k_} stable clusters{cut}"
        elif self.k:
            kind = f"The {fitted.k_} clusters that were asked for are unstable: {self._failed(fitted)}"
        else:
            kind = f"Customers have no stable clusters ({fitted.k_} are shown, as a convention)"
        return (
            f"{kind}; cluster {self.letters[0]} ({first.description}), {words.of(first.customers, n, 'customer')}, "
            f"brings {words.percent(first.sales_share)} of sales."
        )

    def cluster_profiles(self) -> Html:
        """Return how the clusters differ and how many there are, as two figures."""
        if self.is_empty:
            return Html()
        if isinstance(self.clusters, str):
            return paragraph(self.clusters)
        fitted, n = self.clusters, len(self.summary)
        first = fitted.profiles_.iloc[0]
        title = (
            f"Cluster {self.letters[0]}, {words.of(first.customers, n, 'customer')}, brings "
            f"{words.percent(first.sales_share)} of sales"
        )
        centers = pd.DataFrame(fitted.centers_.T, index=[self.label(_AXES[name]) for name in self.features])
        return side_by_side(
            figure(
                title,
                plot_profiles,
                centers,
                colours=self._cluster_colours(),
                labels=[
                    f"{letter} ({words.whole(n)})"
                    for letter, n in zip(self.letters, fitted.profiles_["customers"], strict=True)
                ],
                xlabel=self.label("Difference from the average, standard deviations"),
                alt="Dots of each cluster's mean against the average: "
                + "; ".join(f"{self.letters[i]} {text}" for i, text in enumerate(fitted.profiles_["description"]))
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
        profiles["letter"] = [self.letters[label] for label in profiles["cluster"]]
        t = self.label
        columns = [
            Column("letter", t("Cluster"), "fixed"),
            Column("description", t("Who they are"), "long"),
            Column("customers", t("Customers"), "whole"),
            Column("sales", f"{t('Sales')}, {self.currency}", "money"),
            Column("sales_share", t("Of sales"), "percent"),
            Column("stability", t("Stability"), "percent",
                   "Overlap with resamples: 100 % is the same customers each time."),
            Column("recency_median", t("Recency, days"), "whole", t("Median.")),
            Column("frequency_median", t("Invoices"), "whole", t("Median.")),
            Column("monetary_median", f"{t('Monetary')}, {self.currency}", "money", t("Median.")),
        ]  # fmt: skip
        if self.ages_known >= _AGES:
            profiles["age"] = [
                f"{words.whole(row.age_median)} ({words.whole(row.age_known)})" for row in profiles.itertuples()
            ]
            columns.append(
                Column("age", t("Age, years (known)"), "fixed", "Median of the known ages, and how many are.")
            )
        rules = [f"Cluster {row.letter}: {row.rule or 'no short rule tells it'}." for row in profiles.itertuples()]
        return (
            table(
                profiles,
                columns,
                table_id="clusters",
                label=self.label,
                caption="Recency, invoices and monetary value are medians.",
            )
            + paragraph("Rules that tell most customers' clusters:")
            + findings(*rules)
        )

    def cluster_agreement(self) -> Html:
        """Return customers by segment and cluster, and how far the two agree."""
        if self.is_empty or isinstance(self.clusters, str):
            return Html()
        counts = self.agreement.table
        order = [name for name in self.scored["segment"].value_counts().index if name in counts.index]
        counts = counts.loc[order].rename(columns=dict(enumerate(self.letters)), index=self.label)
        return figure(
            f"Segments and clusters {self._agree()} agree (adjusted Rand index "
            f"{words.decimal(self.agreement.adjusted_rand)})",
            plot_heat_map,
            counts,
            xlabel=self.label("Cluster"),
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
            f"{words.decimal(float(np.median(fitted.null_)))}. {self._verdict(fitted)}",
            f"Rules of three questions tell {words.percent(row['fidelity'])} of the customers' clusters."
            if pd.notna(row["fidelity"])
            else "Rules of three questions can't be tried out: a cluster has too few customers.",
            f"{words.of(unsure, fitted.learnt_from_, 'customer')}, are in another cluster in more than "
            f"{words.percent(1 - UNSURE)} of the resamples.",
        )

    def cluster_map(self) -> Html:
        """Return the customers on a map in two dimensions."""
        if self.is_empty or isinstance(self.clusters, str):
            return Html()
        places = self.clusters.project(self.summary)
        if len(places) > _DOTS:
            places = places.sample(_DOTS, random_state=0).sort_index()
        names = self.customers.set_index("customer_id")["customer"]
        kept = self.summary.loc[places.index]
        rows = places[["x", "y"]].round(3).assign(
            cluster=[self.letters[label] for label in places["cluster"]],
            customer=names.reindex(places.index).fillna("").astype(str),
            recency=[words.count(value, "day") for value in kept["recency"]],
            frequency=[words.count(value, "invoice") for value in kept["frequency"]],
            monetary=[words.money(value, self.currency) for value in kept["monetary"]],
        )  # fmt: skip
        shares = self.clusters.map_shares
        return chart_figure(
            f"Two axes hold {words.percent(float(shares.sum()))} of the differences between customers",
            cluster_map(
                records(rows.reset_index(drop=True)),
                dict(sorted(zip(self.letters, self._cluster_colours(), strict=True))),
                (self._axis(1, shares[0]), self._axis(2, shares[1] if len(shares) > 1 else 0.0)),
                self.label,
            ),
            alt="Map of the customers by their first two principal components, coloured by cluster.",
            source=self.source(len(rows), "customer")
            + " Point at a dot to see who it is; click a letter to see its cluster alone.",
        )

    def age_sentence(self) -> str:
        """Say for how many customers the age is known, and what it would change as a feature."""
        known, n = self.ages_known, len(self.summary)
        if not known:
            return "No customer's birth date is known, so ages say nothing here."
        said = f"The age of {words.of(known, n, 'customer')}, is known. "
        ablation = None if isinstance(self.clusters, str) else self.ablation
        if ablation is None:
            return (
                f"{said}What it would change as a feature of the clusters can't be told from so few or so alike ones."
            )
        used = "Age is a feature of the clusters" if "age" in self.features else "Age is no feature of the clusters"
        return (
            f"{said}{used}: with it, {words.of(ablation.moved, ablation.customers, 'customer')}, are in another "
            f"cluster than without (adjusted Rand index {words.decimal(ablation.adjusted_rand)}), and "
            f"{'the clusters are stable' if ablation.stable else 'the clusters are not stable'}."
        )

    def cluster_values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if isinstance(self.clusters, str):
            return {"clusters": 0, "why_no_clusters": self.clusters}
        sizes = [int(size) for size in self.clusters.profiles_["customers"]]
        return {
            "clusters": int(self.clusters.k_),
            "cluster_sizes": sizes,
            "clusters_stable": bool(self.clusters.stable_),
            "letters": "".join(self.letters),
            "features": list(self.features),
            "adjusted_rand": round(self.agreement.adjusted_rand, 6),
        }

    @property
    def _fitted(self) -> CustomerClusters:
        if isinstance(self.clusters, str):
            raise NotEnoughDataError(self.clusters)
        return self.clusters

    def _axis(self, number: int, share: float) -> str:
        return f"{self.label(f'Principal component {number}')} ({words.percent(share)} of the variance)"

    def _cluster_colours(self) -> list[str]:
        """Return the colour of each cluster: its letter's."""
        return [cluster_colour(string.ascii_uppercase.index(letter[-1])) for letter in self.letters]

    def _like_a_cloud(self, fitted: CustomerClusters) -> bool:
        """Tell whether a cloud without groups often has clusters that are as stable."""
        row = fitted.scores_.set_index("k").loc[fitted.k_]
        return bool((fitted.null_ >= row["ari_median"]).mean() > _OFTEN)

    def _verdict(self, fitted: CustomerClusters) -> str:
        if not fitted.stable_:
            return f"{UNSTABLE} {self._failed(fitted).capitalize()}."
        if self._like_a_cloud(fitted):
            return CONTINUUM
        as_stable = int((fitted.null_ >= fitted.scores_.set_index("k").loc[fitted.k_, "ari_median"]).sum())
        return f"The clusters are stable; those of {as_stable} of {len(fitted.null_)} plain clouds are as stable."

    @staticmethod
    def _failed(fitted: CustomerClusters) -> str:
        """Say which floors clusters fail."""
        row = fitted.scores_.set_index("k").loc[fitted.k_]
        least = smallest_allowed(fitted.learnt_from_)
        floors = {
            f"resamples agree by {words.decimal(row['ari_median'])} (.90 is asked)": row["ari_median"] >= USUAL_ARI,
            f"5 % of them by less than {words.decimal(row['ari_low'])} (.75)": row["ari_low"] >= LOW_ARI,
            f"the smallest has {words.count(row['smallest'], 'customer')} ({least})": row["smallest"] >= least,
            f"rules tell {words.percent(row['fidelity'])} (83 %)": row["fidelity"] >= FIDELITY,
        }
        return words.listing([said for said, passed in floors.items() if not passed])

    def _agree(self) -> str:
        return next(word for least, word in _AGREEMENTS if self.agreement.adjusted_rand >= least)

    def _choice(self, fitted: CustomerClusters) -> Html:
        scores = fitted.scores_.set_index("k")["ari_median"]
        if len(scores) < 2:
            given = "was given" if self.k else "is the only one that so few different customers allow"
            return paragraph(f"The number of clusters, {fitted.k_}, {given}.")
        why = (
            "the most that are stable, large enough and told by a short rule"
            if fitted.stable_
            else "no number passes all floors"
        )
        return figure(
            f"{fitted.k_} clusters: {why}",
            plot_choice,
            scores,
            chosen=fitted.k_,
            xlabel=self.label("Number of clusters"),
            ylabel=self.label("Median adjusted Rand index"),
            alt=f"Line of the stability by number of clusters, {fitted.k_} chosen.",
            source=self.source(fitted.learnt_from_, "customer")
            + f" Clusters are found again in {fitted.bootstraps} resamples; 1 would be the same each time.",
        )

"""The recommendations report: the verdict, what each customer is offered and why, and how far that can be trusted."""

from __future__ import annotations

from typing import Any

from invoice_lab.recommendation.evaluation import BASE, Evaluation
from invoice_lab.recommendation.methods import CHANCE, METHODS
from invoice_lab.reporting import words
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.evaluation_sections import EvaluationSections
from invoice_lab.reporting.pages.offer_sections import OfferSections
from invoice_lab.reporting.pages.recommendation_exports import RecommendationExports
from invoice_lab.reporting.pages.rule_sections import RuleSections


class RecommendationsPage(OfferSections, RecommendationExports, EvaluationSections, RuleSections):
    """What each customer is likely to buy next, and how far that can be trusted."""

    report = "recommendations"
    title = "Recommendations"
    what = "What each customer is offered next, why, and how far that can be trusted."
    limits = (
        "Two lists a customer. Again: what they bought before, counts halved for each year back, ties by popularity; "
        "where validation bears it out, a product whose rhythm is known counts less until it is due. New: what they "
        "have not bought, by the method that validation chose for that.",
        "A product counts once an invoice; returns don't count. Customers without a purchase get the best sellers of "
        "their category, or of all.",
        "The method is chosen on earlier baskets, never on those that it is judged by; each has the parameters that do "
        "best there. Methods that need an extra package take part only where they are named.",
        "Intervals are 95 % percentile bootstrap intervals over customers (1,000 resamples, fixed seed); differences "
        "are paired. Chance is what k products drawn at random would reach on average. Where no customer was hit, or "
        "each one, such an interval has no width; that is for want of data, and no certainty.",
        "The verdict speaks of taste only where own earlier purchases tell more about later ones than popularity does, "
        "by a 95 % interval, and more than on each but one, at most, of 39 copies of the data with products dealt out "
        "anew. It tests what own purchases tell, for lists are too coarse to show a faint taste; whether these gain is "
        "said beside it.",
        "An assortment or a season that changes looks like taste to the verdict: customers who are active in different "
        "months buy what is popular then.",
        "Expected value: the chance that the product at this rank of this list is in the next basket, as the "
        "evaluation found it over all tested customers, times the usual price of one piece, the median of what was "
        "paid for it. It is no forecast for one customer, and does not tell whether the offer makes them buy.",
        "Whether an offer would sell more can only be told by an experiment.",
    )

    def findings(self) -> Html:
        """Return what the numbers say, the verdict first."""
        if self.is_bare:
            return self.bare()
        spoken = self.verdict if isinstance(self.verdict, str) else self.verdict.text
        return findings(spoken, self._against_chance(), self._later(), self.choice_sentence(), self._use())

    def key_figures(self) -> Html:
        """Return customers, those tested, and hits as cards."""
        if self.is_bare:
            return Html()
        items = [Card("Customers", words.whole(len(self.customers)), note=f"two lists of {self.k} each, at most")]
        if not isinstance(self.last_basket, str):
            found = self.last_basket
            tested = Card("Customers tested", words.whole(len(found.customers)), note="with three invoices or more")
            title = METHODS[found.choice.method].title
            items += [
                tested,
                _rate_card(f"Hit rate, {title}", found, found.choice.method, "hit_rate"),
                _rate_card("Hit rate, best sellers", found, BASE, "hit_rate"),
                Card("Hit rate, chance", words.percent(found.row(CHANCE)["hit_rate"]), note="products drawn at random"),
                _rate_card("NDCG, " + title, found, found.choice.method, "ndcg"),
            ]
        return cards(*items)

    def how_sure(self) -> Html:
        """Return on whom the evaluation rests, and how sure the verdict is."""
        if self.is_bare:
            return Html()
        total = len(self.baskets.customers)
        if isinstance(self.last_basket, str):
            return notes(f"Not one of {words.count(total, 'customer')} could be tested.")
        return notes(
            f"The comparison rests on {words.of(len(self.last_basket.customers), total, 'customer')}: those with three "
            "invoices or more. It says nothing about the others, who bought once or twice.",
            self._taste(),
        )

    def values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if self.is_bare:
            return {"customers": 0}
        values: dict[str, Any] = {"customers": len(self.customers), "lists": len(self.lists)}
        if isinstance(self.last_basket, str):
            return values | {"tested": 0, "evidence": False}
        assert not isinstance(self.verdict, str)
        rows = self.last_basket.table
        return values | {
            "tested": len(self.last_basket.customers),
            "evidence": bool(self.verdict.evidence),
            "method": self.last_basket.choice.method,
            "hit_rate": {row.method: round(row.hit_rate, 6) for row in rows.itertuples()},
            "ndcg": {row.method: round(row.ndcg, 6) for row in rows.itertuples()},
        }

    def _against_chance(self) -> str:
        if isinstance(self.last_basket, str):
            return ""
        found, method = self.last_basket, self.last_basket.choice.method
        rates = [words.percent(found.values[name][0].mean()) for name in (method, BASE, CHANCE)]
        return (
            f"A list of {self.k} by {METHODS[method].title} holds something of the last basket for {rates[0]} of the "
            f"tested customers; best sellers for {rates[1]}, chance for {rates[2]}."
        )

    def _later(self) -> str:
        if isinstance(self.by_date, str):
            return ""
        found, method = self.by_date, self.by_date.choice.method
        rates = [words.percent(found.values[name][0].mean()) for name in (method, BASE)]
        others = f", best sellers for {rates[1]}" if method != BASE else ""
        return (
            f"Learnt from what was bought by a day alone, {METHODS[method].title} finds something of the first basket "
            f"after it for {rates[0]} of {words.count(len(found.customers), 'customer')}{others}."
        )

    def _taste(self) -> str:
        assert not isinstance(self.verdict, str)
        taste = self.verdict.taste
        if not taste.permutations:
            return "No permutation was needed: the interval of what own purchases tell does not lie above 0."
        return (
            f"Permutation test: products were dealt out anew among all lines, {taste.permutations} times; own "
            f"purchases told as much as in the data itself with p = {taste.p_value:.3f}."
        )

    def _use(self) -> str:
        once, total = int((self.customers["invoices"] == 1).sum()), len(self.customers)
        return (
            f"{words.of(once, total, 'customer')}, have one invoice only: their habits can't be known yet."
            if once
            else ""
        )


def _rate_card(label: str, found: Evaluation, method: str, metric: str) -> Card:
    row = found.row(method)
    low, high = (f"{100 * row[f'{metric}_{end}']:.1f}" for end in ("low", "high"))
    return Card(label, words.percent(row[metric]), note=f"95 % interval {low} to {high}{words.NBSP}%")

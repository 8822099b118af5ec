"""The definitions of the methods and metrics, one customer and one product at a time, in plain Python."""

from __future__ import annotations

import math
from collections import Counter, defaultdict


class Past:
    """What was bought: of each customer the baskets, the oldest first, as (day, set of products)."""

    def __init__(self, lines):
        found = {}
        for row in lines.itertuples():
            if row.quantity > 0:
                held = found.setdefault((row.customer_id, row.basket_id), [row.date, set()])
                held[0] = max(held[0], row.date)
                held[1].add(row.product_id)
        self.baskets = defaultdict(list)
        for (customer, _), (day, products) in sorted(found.items(), key=lambda item: (item[0][0], item[1][0], item[0])):
            self.baskets[customer].append((day, products))
        self.all = [products for _, products in found.values()]
        self.counts = Counter(product for products in self.all for product in products)
        self.products = sorted(self.counts)

    def bought(self, customer):
        return set().union(*(products for _, products in self.baskets.get(customer, [])))

    def share(self, product):
        return self.counts[product] / len(self.all)

    def faded(self, customer, half_life):
        """The worth of each product's purchases, by days before the customer's last basket."""
        worth = Counter()
        newest = self.baskets[customer][-1][0]
        for day, products in self.baskets[customer]:
            for product in products:
                worth[product] += 0.5 ** ((newest - day).days / half_life)
        return worth

    def order(self, score):
        """Products by score; ties by popularity, then by id."""
        return sorted(score, key=lambda product: (-round(score[product], 11), -self.counts[product], product))


def popularity(past, customer):
    return {product: past.share(product) for product in past.products}


def frequency(past, customer):
    own = Counter(product for _, products in past.baskets[customer] for product in products)
    return {product: own[product] + 0.5 * past.share(product) for product in past.products}


def decayed(past, customer, half_life_days=365.0, prior_baskets=8.0):
    own = past.faded(customer, half_life_days)
    return {product: own[product] + prior_baskets * past.share(product) for product in past.products}


def cosine(units, one, two, least=3):
    """Shared units over the root of the product of both's; nothing where fewer than `least` are shared."""
    both = sum(one in unit and two in unit for unit in units)
    sizes = sum(one in unit for unit in units) * sum(two in unit for unit in units)
    return both / math.sqrt(sizes) if both >= least else 0.0


def item_item(past, customer, together="baskets", half_life_days=365.0):
    """Linden, Smith and York 2003: how alike a product is to each of the customer's, wholly to itself."""
    units = past.all if together == "baskets" else [past.bought(who) for who in past.baskets]
    own = past.faded(customer, half_life_days)
    score = {}
    for product in past.products:
        parts = (
            math.log1p(worth) * (1.0 if mine == product else cosine(units, mine, product))
            for mine, worth in own.items()
        )
        score[product] = sum(parts) + 1e-6 * past.share(product)
    return score


def tifu_vector(past, customer, group, within, across):
    """Hu and others 2020, equations 1 and 2: faded means of groups of baskets, then the faded mean of the groups."""
    baskets = [products for _, products in past.baskets[customer]]
    groups = []
    while baskets:
        groups.insert(0, baskets[-group:])
        baskets = baskets[:-group]
    vector = Counter()
    for j, members in enumerate(groups, start=1):
        for i, products in enumerate(members, start=1):
            for product in products:
                weight = within ** (len(members) - i) / len(members)
                vector[product] += across ** (len(groups) - j) / len(groups) * weight
    return vector


def tifu_knn(past, customer, *, neighbours=300, group=7, within=0.9, across=0.7, own=0.7):
    vectors = {who: tifu_vector(past, who, group, within, across) for who in past.baskets}
    mine = vectors.pop(customer)
    far = {who: sum((mine[p] - other[p]) ** 2 for p in past.products) for who, other in vectors.items()}
    near = sorted(far, key=lambda who: (round(far[who], 9), who))[:neighbours]
    score = {}
    for product in past.products:
        mean = sum(vectors[who][product] for who in near) / len(near) if near else 0.0
        score[product] = own * mine[product] + (1 - own) * mean + 1e-6 * past.share(product)
    return score


def up_cf(past, customer, recent=10, asymmetry=0.75, locality=10.0):
    """Faggioli and others 2020: recency-aware user-wise popularity, by asymmetric cosine to the power of locality."""
    score = {product: 1e-6 * past.share(product) for product in past.products}
    mine = past.bought(customer)
    for who, baskets in past.baskets.items():
        theirs = past.bought(who)
        alike = len(mine & theirs) / (len(mine) ** asymmetry * len(theirs) ** (1 - asymmetry))
        last = baskets[-recent:] if recent else baskets
        for _, products in last:
            for product in products:
                score[product] += alike**locality / len(last)
    return score


METHODS = {
    "popularity": popularity,
    "frequency": frequency,
    "decayed": decayed,
    "item_item": item_item,
    "tifu_knn": tifu_knn,
    "up_cf": up_cf,
}


def metrics(ranked, basket, k):
    """Hit rate, recall, NDCG with the best possible list of k, and MRR of one list."""
    hits = [product in basket for product in ranked[:k]]
    gain = sum(hit / math.log2(rank + 1) for rank, hit in enumerate(hits, start=1))
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(basket)) + 1))
    first = next((1 / rank for rank, hit in enumerate(hits, start=1) if hit), 0.0)
    return [float(any(hits)), sum(hits) / len(basket), gain / best, first]


def split(lines, protocol="last_basket", day=None):
    """Lines that are learnt from, and the basket to be foretold of each tested customer."""
    lines = lines[lines["quantity"] > 0]
    baskets = lines.groupby(["customer_id", "basket_id"])["date"].max().reset_index()
    baskets = baskets.sort_values(["customer_id", "date", "basket_id"])
    target = {}
    for customer, own in baskets.groupby("customer_id"):
        if protocol == "last_basket":
            held_out = own["basket_id"].iloc[-1:] if len(own) >= 3 else []
        else:
            held_out = own.loc[own["date"] > day, "basket_id"].iloc[: int((own["date"] <= day).sum() >= 2)]
        for basket in held_out:
            target[customer] = basket
    names = list(zip(lines["customer_id"], lines["basket_id"], strict=True))
    held_out = {
        who: set(lines.loc[[name == (who, what) for name in names], "product_id"]) for who, what in target.items()
    }
    if protocol == "last_basket":
        return lines[[target.get(who) != what for who, what in names]], held_out
    late = {(b.customer_id, b.basket_id) for b in baskets.itertuples() if b.date > day}
    return lines[[name not in late for name in names]], held_out

"""Products for customers, with reasons that can be said aloud and the proof beside them. Frames in, frames out."""

from invoice_lab.recommendation.evaluation import evaluate, evaluated
from invoice_lab.recommendation.filters import Filters
from invoice_lab.recommendation.network import rules_network
from invoice_lab.recommendation.recommender import Recommender
from invoice_lab.recommendation.rules import association_rules
from invoice_lab.recommendation.verdict import verdict

__all__ = ["Filters", "Recommender", "association_rules", "evaluate", "evaluated", "rules_network", "verdict"]

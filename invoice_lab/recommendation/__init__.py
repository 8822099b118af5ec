"""Products for customers, with reasons that can be said aloud and the proof beside them. Frames in, frames out."""

from invoice_lab.recommendation.evaluation import evaluate, verdict
from invoice_lab.recommendation.recommender import Recommender

__all__ = ["Recommender", "evaluate", "verdict"]

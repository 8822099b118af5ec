"""Review by a person: what is doubtful, shown beside its pixels; decisions that the books follow; truth for others."""

from invoice_lab.review.reviews import Reviews

__all__ = ["Reviews"]

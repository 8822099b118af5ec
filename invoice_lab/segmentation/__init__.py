"""Customers in segments: RFM scores and named segments, clusters, and the numbers of the sales. Frames in, frames out."""

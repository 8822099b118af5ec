"""Customers in segments: RFM scores, named segments, clusters, and the numbers of the sales. Frames in, frames out."""

from invoice_lab.segmentation.agreement import agreement
from invoice_lab.segmentation.clusters import CustomerClusters
from invoice_lab.segmentation.rfm import RFM, rfm_summary, score_map, segment_table
from invoice_lab.segmentation.segments import colours, load_segments

__all__ = [
    "RFM",
    "CustomerClusters",
    "agreement",
    "colours",
    "load_segments",
    "rfm_summary",
    "score_map",
    "segment_table",
]

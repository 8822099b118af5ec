"""Pixels to text: decode, pre-process, read. Knows nothing of databases and business rules."""

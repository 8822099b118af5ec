"""Notebooks into reports: run one with checked parameters, render it, and the figures, tables and sentences in it."""

"""What processes that run notebooks need: imported once, in the process that they are forked from."""

import importlib

from invoice_lab.reporting.imports import without_address_grammar

with without_address_grammar():
    for _name in ("nbconvert", "nbformat", "papermill"):
        importlib.import_module(_name)

"""What processes that run notebooks need: imported once, in the process that they are forked from."""

import importlib
import signal

from invoice_lab.reporting.imports import without_address_grammar

_before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; later it is ignored here anyway
with without_address_grammar():
    for _name in ("nbconvert", "nbformat", "papermill"):
        importlib.import_module(_name)
signal.signal(signal.SIGINT, _before)

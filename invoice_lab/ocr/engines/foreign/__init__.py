"""What runs in the engines' own environments: one worker for all, and for each engine its packages and their lock.

Nothing of invoice_lab imports the worker but its tests; it runs where invoice_lab is not installed.
"""

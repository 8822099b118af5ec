"""The Voila server: the same notebooks as the reports, live, read-only and on loopback."""

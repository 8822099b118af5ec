"""The books: scan store, PostgreSQL, the load, the DuckDB cache. Knows no OCR and no notebooks."""

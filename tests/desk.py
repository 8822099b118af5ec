"""A desk at which rows of transactions are imported, for tests: files, imports, what books and cache hold then."""

import contextlib
import gzip
from datetime import date

import pandas as pd

from invoice_lab.transactions import Form, import_transactions
from invoice_lab.warehouse.cache import open_cache
from invoice_lab.warehouse.connection import database

TODAY = date(2024, 6, 30)
HEADER = "customer,basket,date,product,quantity,unit_price,name"
PLAIN = [
    "7,B1,2024-01-02 10:00:00,P1,2,1.25,Cup",
    "7,B1,2024-01-02 10:05:00,P2,1,3.10,Plate",
    "8,B2,2024-01-03,P1,3,1.25,Cup",
    "7,C3,2024-02-01,P1,-4,1.25,Cup",
]


class Desk:
    """Imports files, and tells what the books and the cache hold then."""

    def __init__(self, settings, folder, workspace):
        self.settings, self.folder, self.workspace = settings, folder, workspace

    def file(self, rows, name="rows.csv", header=HEADER, encoding="utf-8"):
        path = self.folder / name
        data = "\n".join([header, *rows, ""]).encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def take(self, path, **options):
        options = {"workspace": self.workspace, "today": TODAY, "settings": self.settings, **options}
        return import_transactions(path, **options)

    def rows(self, rows, name="rows.csv", header=HEADER, form=None, **options):
        return self.take(self.file(rows, name, header), form=form or Form(), **options)

    def books(self, sql, *values):
        with database(self.settings) as server, server.connect("reader", self.workspace) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            return cursor.fetchall()

    def cache(self, sql):
        with contextlib.closing(open_cache(self.workspace, self.settings)) as cache:
            return cache.connection.execute(sql).fetchall()

    def state(self):
        tables = {
            "customers": "customer_id, number, name, email, birth_date::text, described_at::text, described_by",
            "products": "*",
            "invoices": "*",
            "invoice_lines": "*",
            "prices": "*",
            "parts": "sha256, part, status, layout, printed_id, invoice_id, engine, page",
            "scans": "sha256, name, bytes",
        }
        return {
            table: self.books(f"select {columns} from {table} order by 1, 2, 3") for table, columns in tables.items()
        }

    @staticmethod
    def rejects(summary):
        return pd.read_csv(summary.rejects, dtype=str, keep_default_na=False)

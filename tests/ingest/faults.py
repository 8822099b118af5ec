"""What can go wrong between the lines: before or after one of a run's statements and file operations."""

import errno
import os

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from invoice_lab.warehouse import connection as warehouse_connection
from invoice_lab.warehouse import scan_store

DATABASE_FAULTS = (
    errors.DiskFull("could not extend file: No space left on device"),
    errors.InsufficientPrivilege("permission denied for table parts"),
    errors.IoError("could not read block: Input/output error"),
    errors.QueryCanceled("canceling statement due to statement timeout"),
    psycopg2.OperationalError("server closed the connection unexpectedly"),
)
CONFLICTS = (errors.DeadlockDetected("deadlock detected"), errors.SerializationFailure("could not serialize access"))
FILE_FAULTS = tuple(
    OSError(code, os.strerror(code)) for code in (errno.ENOSPC, errno.EACCES, errno.EIO, errno.ETIMEDOUT, errno.EDQUOT)
)


class Plan:
    """Counts the places where something can go wrong, and lets it go wrong at one of them.

    Statements and file operations are counted apart: they are of two threads.

    Parameters
    ----------
    kind : {"database", "file"}
    at : int
        Which place, from 1; 0: nowhere.
    act : callable
        What happens there; what it raises is what goes wrong.
    """

    def __init__(self, kind="database", at=0, act=None):
        self.kind, self.at, self.act = kind, at, act
        self.places = {"database": [], "file": []}

    def reach(self, kind, what):
        self.places[kind].append(what)
        if kind == self.kind and len(self.places[kind]) == self.at:
            self.act()

    def around(self, kind, what, do):
        self.reach(kind, f"before {what}")
        result = do()
        self.reach(kind, f"after {what}")
        return result


def install(monkeypatch, plan):
    """Let a plan see every statement of loaders' connections, and every file operation of scan stores."""

    class FaultyCursor(Cursor):
        def execute(self, query, values=None):
            text = query if isinstance(query, str) else query.as_string(self)
            words = " ".join(text.split()[:4])
            return plan.around("database", words, lambda: super(FaultyCursor, self).execute(query, values))

        def copy_expert(self, sql, file, size=8192):
            return plan.around("database", "copy", lambda: super(FaultyCursor, self).copy_expert(sql, file, size))

    class FaultyConnection(Connection):
        def cursor(self, *args, **options):
            return super().cursor(*args, cursor_factory=FaultyCursor, **options)

        def commit(self):
            return plan.around("database", "commit", super().commit)

    def opened(target, role):
        if role != "loader":
            return real_open(target, role)
        real = psycopg2.connect
        with monkeypatch.context() as patch:
            patch.setattr(
                psycopg2,
                "connect",
                lambda *args, **options: real(*args, connection_factory=FaultyConnection, **options),
            )
            return real_open(target, role)

    real_open = warehouse_connection._open
    monkeypatch.setattr(warehouse_connection, "_open", opened)
    real_fsync = os.fsync

    class FaultyPath(type(scan_store.Path())):
        def replace(self, target):
            return plan.around("file", "replace", lambda: super(FaultyPath, self).replace(target))

        def open(self, *args, **options):
            return plan.around("file", "open", lambda: super(FaultyPath, self).open(*args, **options))

    class Os:
        def __getattr__(self, name):
            return getattr(os, name)

        def fsync(self, handle):
            return plan.around("file", "fsync", lambda: real_fsync(handle))

    monkeypatch.setattr(scan_store, "os", Os())
    monkeypatch.setattr(scan_store, "Path", FaultyPath)

"""The batches of a workspace: what ran, how it went, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection

_BATCHES = """
    with arrived as (
        select batch, count(*) as scans, count(*) filter (where problem is not null) as missed,
               jsonb_object_agg(outcome, number) as outcomes
        from (select batch, outcome, problem, count(*) over (partition by batch, outcome) as number
              from batch_scans) as each
        group by batch),
    read as (
        select batch, jsonb_object_agg(status, number) as statuses
        from (select batch, status, count(*) as number
              from batch_scans join parts using (sha256) where outcome <> 'known' group by batch, status) as each
        group by batch)
    select batch::text, source, engine, version, started_at, committed_at, finished_at is not null,
           coalesce(scans, 0), coalesce(missed, 0), coalesce(outcomes, '{}'), coalesce(statuses, '{}')
    from batches left join arrived using (batch) left join read using (batch)
    order by started_at desc, batch
    limit %s
"""


@dataclass(frozen=True)
class BatchRecord:
    """One batch as the books tell it.

    Attributes
    ----------
    batch, source, engine, version : str
    started_at : datetime
    committed_at : datetime
        When the last of its scans was committed.
    finished : bool
        Whether it came to its end; it is still going on, or was stopped, where it did not.
    scans, missed : int
        Arrivals, and those of them that could not be had.
    outcomes : mapping of str to int
        Arrivals by outcome.
    statuses : mapping of str to int
        Parts that were read in it by status, as they are today.
    """

    batch: str
    source: str
    engine: str
    version: str
    started_at: datetime
    committed_at: datetime
    finished: bool
    scans: int
    missed: int
    outcomes: Mapping[str, int]
    statuses: Mapping[str, int]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.committed_at - self.started_at).total_seconds()

    @property
    def throughput(self) -> float | None:
        """Scans a second; None where there is nothing to divide."""
        return self.scans / self.seconds if self.scans and self.seconds > 0 else None


def list_batches(connection: Connection, most: int) -> list[BatchRecord]:
    """Return the latest batches, the last one first."""
    with connection.cursor() as cursor:
        cursor.execute(_BATCHES, (most,))
        return [BatchRecord(*row) for row in cursor.fetchall()]

-- What the segments report said of each customer, day by day, for other tools. Written by the report command from the
-- report's segments.parquet; no page reads it. It is not part of the books: nothing here is a change that a cache follows.

-- One row a day that a report was of.
create table segment_reports (
    as_of       date primary key,
    fingerprint text not null,     -- of the data that the report was made from
    digest      text not null,     -- SHA-256 of segments.parquet: the same file is not written again
    customers   integer not null,
    written_at  timestamptz not null default now()
);

-- No foreign key to customers: this is what a report said then, and it stays when an invoice, and with it perhaps its
-- customer, is withdrawn.
create table customer_segments (
    as_of                 date not null references segment_reports on delete cascade,
    scheme                text not null,     -- of scores and segments
    bins                  smallint not null, -- how many scores
    customer_id           text not null,
    number                text,
    name                  text,
    recency               integer not null check (recency >= 0),    -- days
    frequency             integer not null check (frequency > 0),   -- orders
    monetary              numeric(18, 2) not null,
    currency              char(3) not null,
    recency_score         smallint not null,
    frequency_score       smallint not null,
    monetary_score        smallint not null,
    segment               text not null,
    segment_confidence    double precision not null check (segment_confidence between 0 and 1),
    segment_with_order    text not null,  -- after one more order
    days_until_change     integer,        -- without an order; null: it never changes
    segment_without_order text,           -- what it is then
    cluster               text,           -- null: too few customers for clusters
    cluster_stable        boolean,
    cluster_confidence    double precision check (cluster_confidence between 0 and 1),
    top_spender           boolean not null,
    age                   integer,        -- years
    expected_sales        numeric(18, 2), -- within the report's days; null: too few repeat purchases to tell
    fingerprint           text not null,  -- of the data, as in segment_reports
    primary key (as_of, customer_id)
);
create index customer_segments_by_customer on customer_segments (customer_id, as_of);

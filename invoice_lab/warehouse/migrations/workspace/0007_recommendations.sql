-- What the recommendations report offered each customer, day by day, for other tools. Written by the report command from
-- the report's recommendations.parquet, as 0006 does for segments; it is not part of the books.

-- One row a day that a report was of.
create table recommendation_reports (
    as_of           date primary key,
    fingerprint     text not null,     -- of the data that the report was made from
    digest          text not null,     -- SHA-256 of recommendations.parquet: the same file is not written again
    recommendations integer not null,  -- rows
    written_at      timestamptz not null default now()
);

-- No foreign keys to customers and products: this is what a report said then.
create table recommendations (
    as_of          date not null references recommendation_reports on delete cascade,
    customer_id    text not null,
    number         text,
    name           text,
    segment        text,                                       -- null: nothing was bought yet
    kind           text not null check (kind in ('again', 'new')),
    rank           integer not null check (rank > 0),
    product_id     text not null,
    product        text not null,
    score          double precision not null,                  -- comparable within a customer's list
    reason         text not null,
    method         text not null,
    chance         double precision check (chance between 0 and 1), -- null: too few customers to test
    price          numeric(18, 4),                             -- usual, of one piece; null: none in this currency
    expected_value numeric(18, 4),                             -- chance times price
    currency       char(3) not null,
    fingerprint    text not null,                              -- of the data, as in recommendation_reports
    primary key (as_of, customer_id, kind, rank)
);
create index recommendations_by_product on recommendations (product_id, as_of);

-- The DuckDB cache of one workspace: what reports and dashboards read. Same names as the books in PostgreSQL.

create table customers (
    customer_id varchar not null,
    number      varchar,
    name        varchar not null,
    email       varchar,
    birth_date  date,
    gender      varchar,
    category    varchar,
    address     varchar not null
);

create table products (
    product_id varchar not null,
    code       varchar,
    name       varchar not null
);

create table invoices (
    invoice_id  varchar not null,
    layout      varchar not null,
    printed_id  varchar not null,
    customer_id varchar not null,
    issued_at   timestamp not null,
    net         decimal(14, 2),
    tax         decimal(14, 2),
    total       decimal(14, 2) not null,
    currency    varchar not null,
    sha256      varchar not null,
    part        integer not null
);

create table invoice_lines (
    invoice_id varchar not null,
    line_no    integer not null,
    product_id varchar not null,
    quantity   integer not null,
    unit_price decimal(14, 4) not null,
    amount     decimal(14, 2) not null
);

-- one row an invoice found in a scan; name is the scan's first name
create table parts (
    sha256         varchar not null,
    part           integer not null,
    name           varchar not null,
    status         varchar not null,
    layout         varchar,
    printed_id     varchar,
    invoice_id     varchar,
    engine         varchar not null,
    engine_version varchar not null,
    confidence     double
);

-- how many fields were read on parts of a status, in a way, with a confidence; those of all lines together
create table field_counts (
    status     varchar not null,
    field      varchar not null,
    how        varchar not null,
    confidence double not null,
    number     bigint not null
);

create table findings (
    sha256   varchar not null,
    part     integer not null,
    no       integer not null,
    code     varchar not null,
    severity varchar not null,
    field    varchar,
    message  varchar not null
);

-- files of the latest batch that could not be opened; they stand in parts and findings, too
create table unopened (
    sha256  varchar not null,
    name    varchar not null,
    problem varchar not null
);

-- Sums, so that no page has to look at every invoice. They follow from the tables above: see cache_sums.py.

-- by day; customers are counted on the day of their first invoice ever, and of their first one in its month
create table sales_days (
    currency     varchar not null,
    category     varchar,
    day          date not null,
    sales        decimal(38, 2) not null,
    invoices     bigint not null,
    first_ever   bigint not null,
    first_of_month bigint not null
);

create table customer_totals (
    currency    varchar not null,
    customer_id varchar not null,
    sales       decimal(38, 2) not null,
    invoices    bigint not null,
    first_date  date not null,
    last_date   date not null
);

create table product_totals (
    currency   varchar not null,
    product_id varchar not null,
    sales      decimal(38, 2) not null,
    quantity   bigint not null,
    invoices   bigint not null,
    customers  bigint not null
);

create table finding_counts (
    code     varchar not null,
    severity varchar not null,
    status   varchar not null,
    findings bigint not null,
    parts    bigint not null
);

create table meta (
    key   varchar primary key,
    value varchar not null
);

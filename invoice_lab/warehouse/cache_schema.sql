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

-- one row a field that was read on a part
create table fields (
    sha256     varchar not null,
    part       integer not null,
    field      varchar not null,
    raw        varchar not null,
    value      varchar,
    confidence double not null,
    how        varchar not null
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

create table meta (
    key   varchar primary key,
    value varchar not null
);

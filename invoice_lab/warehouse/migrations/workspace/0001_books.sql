-- The books of one workspace. Runs with search_path set to the workspace's schema.
-- Ids are text derived from the data, so that two runs on two fresh databases give equal rows.

create table customers (
    customer_id text primary key,
    number      text,
    name        text not null,
    email       text,
    birth_date  date,
    gender      text,
    category    text,
    address     text not null default '',
    -- the fields are those of the latest invoice: which one, so that the order of loading doesn't matter
    described_at timestamp not null,
    described_by text not null
);

create table products (
    product_id text primary key,
    code       text,
    name       text not null
);

create table scans (
    sha256     text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    name       text not null,
    bytes      bigint not null,
    arrived_at timestamptz not null default now()
);

create table invoices (
    invoice_id  text primary key,
    layout      text not null,
    printed_id  text not null,
    customer_id text not null references customers,
    issued_at   timestamp not null,
    net         numeric(14, 2),
    tax         numeric(14, 2),
    total       numeric(14, 2) not null,
    currency    char(3) not null,
    sha256      text not null references scans,
    part        integer not null,
    text        text not null default '',
    digest      text not null,  -- of the content: tells the same invoice in other bytes from another under its id
    unique (layout, printed_id)
);
create index invoices_by_customer on invoices (customer_id);
create index invoices_by_date on invoices (issued_at);

create table invoice_lines (
    invoice_id text not null references invoices on delete cascade,
    line_no    integer not null,
    product_id text not null references products,
    quantity   integer not null,
    unit_price numeric(14, 4) not null,
    amount     numeric(14, 2) not null,
    primary key (invoice_id, line_no)
);
create index invoice_lines_by_product on invoice_lines (product_id);

create table parts (
    sha256         text not null references scans,
    part           integer not null,
    status         text not null check (status in ('accepted', 'review', 'rejected', 'failed')),
    layout         text,
    printed_id     text,
    invoice_id     text references invoices,
    engine         text not null,
    engine_version text not null,
    confidence     double precision,
    page           jsonb not null,
    seconds        double precision not null,
    read_at        timestamptz not null default now(),
    primary key (sha256, part)
);
create index parts_by_status on parts (status);

create table findings (
    sha256   text not null,
    part     integer not null,
    no       integer not null,
    code     text not null,
    severity text not null check (severity in ('info', 'warning', 'error')),
    field    text,
    message  text not null,
    primary key (sha256, part, no),
    foreign key (sha256, part) references parts on delete cascade
);
create index findings_by_code on findings (code);

create table batches (
    batch       uuid primary key,
    source      text not null,
    engine      text not null,
    version     text not null,
    made_up     boolean not null,  -- scans drawn by invoice_lab.samples; never in one workspace with real ones
    started_at  timestamptz not null default now(),
    finished_at timestamptz
);

create table batch_scans (
    batch   uuid not null references batches,
    no      integer not null,
    name    text not null,
    sha256  text references scans,
    outcome text not null check (outcome in ('new', 'known', 'duplicate')),
    problem text,  -- why there is no sha256: the file could not be opened
    primary key (batch, no)
);

create table reviews (
    review     bigint generated always as identity primary key,
    sha256     text not null,
    part       integer not null,
    decision   text not null check (decision in ('accept', 'correct', 'reject')),
    corrected  jsonb,
    reason     text not null,
    reviewer   text not null,
    decided_at timestamptz not null default now(),
    foreign key (sha256, part) references parts
);

-- What a person decided, and what is known: the state before each decision, and the prices that products were sold at.

alter table reviews
    add column despite       text[] not null default '{}',  -- codes of findings that were overruled
    add column status_before text not null check (status_before in ('accepted', 'review', 'rejected')),
    add column page_before   jsonb not null;
create index reviews_by_part on reviews (sha256, part);

-- how many lines sold a product at which unit price; follows invoice_lines, so that a load needn't count them
create table prices (
    product_id text not null references products on delete cascade,
    currency   char(3) not null,
    unit_price numeric(14, 4) not null,
    sales      integer not null check (sales > 0),
    primary key (product_id, currency, unit_price)
);
insert into prices
select product_id, currency, unit_price, count(*) from invoice_lines join invoices using (invoice_id) group by 1, 2, 3;

create index customers_by_email on customers (email);
create index customers_by_person on customers (name, birth_date);
create index invoices_by_part on invoices (sha256, part);
create index parts_by_invoice on parts (invoice_id);
create index parts_by_printed_id on parts (printed_id);
create index scans_by_name on scans (name);
create index batch_scans_by_name on batch_scans (name);

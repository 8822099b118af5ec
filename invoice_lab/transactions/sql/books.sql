-- What comes into the books, a view a table; columns as in warehouse/write.py, ids as in validation/ids.py.
-- Variables: sha256, page (that of part 0), engine, version.

create view book_customers as
select
    'n-' || customer                                                                        as customer_id,
    customer                                                                                as number,
    coalesce(arg_max(customer_name, (sold_at, basket, row)) filter (customer_name is not null), customer) as name,
    arg_max(email, (sold_at, basket, row)) filter (email is not null)                            as email,
    arg_max(birth_date, (sold_at, basket, row)) filter (birth_date is not null)                  as birth_date,
    arg_max(gender, (sold_at, basket, row)) filter (gender is not null)                          as gender,
    arg_max(category, (sold_at, basket, row)) filter (category is not null)                      as category,
    ''                                                                                      as address,
    max(sold_at)                                                                                 as described_at,
    'transactions:' || arg_max(basket, (sold_at, basket))                                        as described_by
from lines
group by customer;

create view book_products as
with named as (
    select product, name, count(*) as times from lines group by all
)
select
    'c-' || product                                                                         as product_id,
    product                                                                                 as code,
    coalesce(arg_min(name, (-times, name)) filter (name is not null), product)              as name
from named
group by product;

create view book_invoices as
select
    'transactions:' || basket as invoice_id, 'transactions' as layout, basket as printed_id,
    'n-' || customer as customer_id, sold_at as issued_at, null as net, null as tax, total, currency,
    getvariable('sha256') as sha256, part, '' as text, digest
from fresh
order by part;

create view book_invoice_lines as
select
    'transactions:' || basket as invoice_id, row_number() over (partition by basket order by row) as line_no,
    'c-' || product as product_id, quantity, unit_price, amount
from lines;

-- the sales of a completed basket's known lines are counted already
create view book_prices as
with sold as (
    select 'c-' || product as product_id, currency, unit_price, 1 as sales from lines
    union all
    select product_id, currency, unit_price, -1 from known_lines where basket in (select basket from completed)
)
select product_id, currency, unit_price, sum(sales) as sales from sold group by all having sum(sales) > 0;

create view book_parts as
select
    getvariable('sha256') as sha256, part, 'accepted' as status, 'transactions' as layout, basket as printed_id,
    'transactions:' || basket as invoice_id, getvariable('engine') as engine, getvariable('version') as engine_version,
    null as confidence, replace(getvariable('page'), '"part":0', '"part":' || part) as page, '' as layout_digest,
    0 as seconds, getvariable('engine') as asked
from fresh
order by part;

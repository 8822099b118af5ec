-- Key figures of the sales, one row a currency, the one with most invoices first.
-- $as_of (optional): invoices up to and including this day
-- sales are printed totals (tax included where it is printed); average_basket is sales by invoice, rounded to cents.
-- The sums over all days serve unless there are later invoices than as_of: then products are counted by their lines.
with by_currency as (
    select
        currency,
        sum(sales)              as sales,
        sum(invoices)::bigint   as invoices,
        sum(first_ever)::bigint as customers,
        min(day)                as first_date,
        max(day)                as last_date
    from sales_days
    where $as_of::date is null or day <= $as_of::date
    group by currency
),
later as (
    select count(*) > 0 as there from sales_days where day > $as_of::date
),
earlier as (
    select invoice_id, currency from invoices cross join later where there and issued_at::date <= $as_of::date
),
sold as (
    select currency, count(*) as products from product_totals cross join later where not there group by currency
    union all
    select currency, count(distinct product_id) from earlier join invoice_lines using (invoice_id) group by currency
),
middle as (
    select currency, median(total)::decimal(14, 2) as median_basket
    from invoices
    where $as_of::date is null or issued_at::date <= $as_of::date
    group by currency
)
select
    currency,
    sales,
    invoices,
    customers,
    coalesce(products, 0)               as products,
    (sales / invoices)::decimal(14, 2)  as average_basket,
    median_basket,
    first_date,
    last_date
from by_currency
join middle using (currency)
left join sold using (currency)
order by invoices desc, currency;

-- Products by sales, largest first within a currency; invoices and customers count once however many lines.
-- $as_of (optional): invoices up to and including this day
-- $limit (optional): how many products a currency (20)
-- The sums over all days serve unless there are later invoices than as_of.
with later as (
    select count(*) > 0 as there from sales_days where day > $as_of::date
),
earlier as (
    select invoice_id, currency, customer_id from invoices cross join later
    where there and issued_at::date <= $as_of::date
),
by_invoice as (
    select invoice_id, currency, customer_id, product_id, sum(quantity) as quantity, sum(amount) as amount
    from earlier join invoice_lines using (invoice_id)
    group by all
),
by_product as (
    select currency, product_id, sales, quantity, invoices, customers
    from product_totals cross join later
    where not there
    union all
    select currency, product_id, sum(amount), sum(quantity), count(*), count(distinct customer_id)
    from by_invoice
    group by currency, product_id
),
last_shown as (  -- sales of the last one to be shown: only the few above are put in order
    select currency, list_min(max(sales, least(greatest(coalesce($limit::bigint, 20), 1), 999999))) as sales
    from by_product
    group by currency
),
best as (
    select by_product.*, row_number() over (partition by currency order by by_product.sales desc, product_id) as rank
    from by_product join last_shown using (currency)
    where by_product.sales >= last_shown.sales or $limit::bigint > 999999
    qualify rank <= coalesce($limit::bigint, 20)
)
select
    currency,
    rank,
    product_id,
    name             as product,
    sales,
    quantity::bigint as quantity,
    invoices,
    customers
from best
join products using (product_id)
order by currency, rank;

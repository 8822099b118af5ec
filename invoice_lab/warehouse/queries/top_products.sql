-- Products by sales, largest first within a currency; invoices and customers count once however many lines.
-- $as_of (optional): invoices up to and including this day
-- $limit (optional): how many products a currency (20)
with by_invoice as (
    select invoice_id, product_id, sum(quantity) as quantity, sum(amount) as amount
    from invoice_lines
    group by invoice_id, product_id
),
by_product as (
    select
        currency,
        product_id,
        sum(amount)                 as sales,
        sum(by_invoice.quantity)    as quantity,
        count(*)                    as invoices,
        count(distinct customer_id) as customers
    from by_invoice
    join invoices using (invoice_id)
    where $as_of::date is null or issued_at::date <= $as_of::date
    group by currency, product_id
)
select
    currency,
    row_number() over ranked            as rank,
    product_id,
    name                                as product,
    sales,
    quantity::bigint                    as quantity,
    invoices,
    customers
from by_product
join products using (product_id)
window ranked as (partition by currency order by sales desc, product_id)
qualify rank <= coalesce($limit::bigint, 20)
order by currency, rank;

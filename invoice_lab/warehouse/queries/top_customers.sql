-- Customers by sales, largest first within a currency.
-- $as_of (optional): invoices up to and including this day
-- $limit (optional): how many customers a currency (20)
with by_customer as (
    select
        currency,
        customer_id,
        sum(total)                              as sales,
        count(*)                                as invoices,
        (sum(total) / count(*))::decimal(14, 2) as average_basket,
        min(issued_at)::date                    as first_date,
        max(issued_at)::date                    as last_date
    from invoices
    where $as_of::date is null or issued_at::date <= $as_of::date
    group by currency, customer_id
)
select
    currency,
    row_number() over ranked as rank,
    customer_id,
    number,
    name                     as customer,
    category,
    sales,
    invoices,
    average_basket,
    first_date,
    last_date
from by_customer
join customers using (customer_id)
window ranked as (partition by currency order by sales desc, customer_id)
qualify rank <= coalesce($limit::bigint, 20)
order by currency, rank;

-- Customers by sales, largest first within a currency.
-- $as_of (optional): invoices up to and including this day
-- $limit (optional): how many customers a currency (20)
-- The sums over all days serve unless there are later invoices than as_of.
with later as (
    select count(*) > 0 as there from sales_days where day > $as_of::date
),
by_customer as (
    select currency, customer_id, sales, invoices, first_date, last_date
    from customer_totals cross join later
    where not there
    union all
    select currency, customer_id, sum(total), count(*), min(issued_at)::date, max(issued_at)::date
    from invoices cross join later
    where there and issued_at::date <= $as_of::date
    group by currency, customer_id
),
last_shown as (  -- sales of the last one to be shown: only the few above are put in order
    select currency, list_min(max(sales, least(greatest(coalesce($limit::bigint, 20), 1), 999999))) as sales
    from by_customer
    group by currency
),
best as (
    select by_customer.*, row_number() over (partition by currency order by by_customer.sales desc, customer_id) as rank
    from by_customer join last_shown using (currency)
    where by_customer.sales >= last_shown.sales or $limit::bigint > 999999
    qualify rank <= coalesce($limit::bigint, 20)
)
select
    currency,
    rank,
    customer_id,
    number,
    name                                    as customer,
    category,
    sales,
    invoices,
    (sales / invoices)::decimal(14, 2)      as average_basket,
    first_date,
    last_date
from best
join customers using (customer_id)
order by currency, rank;

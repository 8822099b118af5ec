-- Sales by calendar month and currency; month is its first day; months without an invoice have no row.
-- $as_of (optional): invoices up to and including this day
select
    currency,
    date_trunc('month', issued_at)::date    as month,
    sum(total)                              as sales,
    count(*)                                as invoices,
    count(distinct customer_id)             as customers,
    (sum(total) / count(*))::decimal(14, 2) as average_basket
from invoices
where $as_of::date is null or issued_at::date <= $as_of::date
group by currency, month
order by currency, month;

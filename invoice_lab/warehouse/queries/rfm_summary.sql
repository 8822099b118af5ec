-- Recency (whole days), frequency (orders) and monetary value of each customer at a day, by customer.
-- $as_of: the day the figures are of; later invoices are left out
-- $since (optional): invoices after this day
-- $currency (optional): the currency that counts; the one with most invoices where none is given
with kept as (
    select customer_id, currency, issued_at::date as day, total
    from invoices
    where issued_at::date <= $as_of::date and ($since::date is null or issued_at::date > $since::date)
),
main as (
    select coalesce($currency::varchar, (
        select currency from kept group by currency order by count(*) desc, currency limit 1
    )) as currency
)
select
    customer_id,
    any_value(currency)                                as currency,
    date_diff('day', max(day), $as_of::date)           as recency,
    count(*)                                           as frequency,
    sum(total)                                         as monetary
from kept
where currency = (select currency from main)
group by customer_id
order by customer_id;

-- Currencies of the books, the one with most invoices first.
-- $as_of (optional): invoices up to and including this day
select currency, count(*) as invoices, count(distinct customer_id) as customers, sum(total) as sales
from invoices
where $as_of::date is null or issued_at::date <= $as_of::date
group by currency
order by invoices desc, currency;

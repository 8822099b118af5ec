-- Currencies of the books, the one with most invoices first.
-- $as_of (optional): invoices up to and including this day
select currency, sum(invoices)::bigint as invoices, sum(first_ever)::bigint as customers, sum(sales) as sales
from sales_days
where $as_of::date is null or day <= $as_of::date
group by currency
order by invoices desc, currency;

-- Recency (whole days), frequency (orders) and monetary value of each customer at a day, by customer.
-- An invoice is an order. One below zero is a credit note: it lowers monetary, and is no order; customers with nothing
-- but credit notes have bought nothing and are left out.
-- $as_of: the day the figures are of; later invoices are left out
-- $since (optional): invoices after this day
-- $currency (optional): the currency that counts; the one with most invoices where none is given
select
    customer_id,
    any_value(currency)                                                         as currency,
    date_diff('day', max(issued_at::date) filter (total >= 0), $as_of::date)    as recency,
    count(*) filter (total >= 0)                                                as frequency,
    sum(total)                                                                  as monetary
from invoices
where issued_at::date <= $as_of::date
  and ($since::date is null or issued_at::date > $since::date)
  and currency = coalesce($currency::varchar, (
      select currency from invoices where issued_at::date <= $as_of::date
      group by currency order by count(*) desc, currency limit 1
  ))
group by customer_id
having count(*) filter (total >= 0) > 0
order by customer_id;

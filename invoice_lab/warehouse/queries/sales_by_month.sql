-- Sales by calendar month and currency; month is its first day; months without an invoice have no row.
-- $as_of (optional): invoices up to and including this day
select
    currency,
    date_trunc('month', day)::date                  as month,
    sum(sales)                                      as sales,
    sum(invoices)::bigint                           as invoices,
    sum(first_of_month)::bigint                     as customers,
    (sum(sales) / sum(invoices))::decimal(14, 2)    as average_basket
from sales_days
where $as_of::date is null or day <= $as_of::date
group by currency, month
order by currency, month;

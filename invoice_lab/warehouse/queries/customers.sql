-- Customers with their age in whole years at a day (missing where the birth date is unknown or can't be), by customer.
-- $as_of: the day the ages and the counts are of; later invoices are left out
with bought as (
    select customer_id, count(*) as invoices, min(issued_at)::date as first_date, max(issued_at)::date as last_date
    from invoices
    where issued_at::date <= $as_of::date
    group by customer_id
)
select
    customer_id,
    number,
    name as customer,
    email,
    birth_date,
    case when date_sub('year', birth_date, $as_of::date) between 0 and 120
        then date_sub('year', birth_date, $as_of::date) end as age,
    gender,
    category,
    coalesce(invoices, 0) as invoices,
    first_date,
    last_date
from customers
left join bought using (customer_id)
order by customer_id;

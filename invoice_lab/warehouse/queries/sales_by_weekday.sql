-- Sales by weekday (1 Monday to 7 Sunday) and currency; days is how many such days lie between first and last invoice.
-- $as_of (optional): invoices up to and including this day
with kept as (
    select currency, day, sales, invoices
    from sales_days
    where $as_of::date is null or day <= $as_of::date
),
calendar as (
    select isodow(day) as weekday, count(*) as days
    from (select unnest(range((select min(day) from kept), (select max(day) from kept) + 1, interval 1 day)) as day)
    group by weekday
)
select
    currency,
    isodow(day)::integer  as weekday,
    dayname(day)          as weekday_name,
    sum(sales)            as sales,
    sum(invoices)::bigint as invoices,
    any_value(days)       as days
from kept
join calendar on calendar.weekday = isodow(day)
group by currency, isodow(day), dayname(day)
order by currency, isodow(day);

-- Sales by customer category and currency, largest sales first; customers without a category are 'none'.
-- $as_of (optional): invoices up to and including this day
select
    currency,
    coalesce(category, 'none')                                               as category,
    sum(total)                                                               as sales,
    round(sum(total)::double / nullif(sum(sum(total)) over (partition by currency), 0)::double, 6) as sales_share,
    count(*)                                                                 as invoices,
    count(distinct customer_id)                                              as customers,
    (sum(total) / count(*))::decimal(14, 2)                                  as average_basket
from invoices
join customers using (customer_id)
where $as_of::date is null or issued_at::date <= $as_of::date
group by currency, coalesce(category, 'none')
order by currency, sales desc, category;

-- Sales by customer category and currency, largest sales first; customers without a category are 'none'.
-- $as_of (optional): invoices up to and including this day
select
    currency,
    coalesce(category, 'none')                                               as category,
    sum(sales)                                                               as sales,
    round(sum(sales)::double / nullif(sum(sum(sales)) over (partition by currency), 0)::double, 6) as sales_share,
    sum(invoices)::bigint                                                    as invoices,
    sum(first_ever)::bigint                                                  as customers,
    (sum(sales) / sum(invoices))::decimal(14, 2)                             as average_basket
from sales_days
where $as_of::date is null or day <= $as_of::date
group by currency, coalesce(category, 'none')
order by currency, sales desc, category;

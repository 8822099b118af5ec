-- Key figures of the sales, one row a currency, the one with most invoices first.
-- $as_of (optional): invoices up to and including this day
-- sales are printed totals (tax included where it is printed); average_basket is sales by invoice, rounded to cents.
select
    currency,
    sum(total)                                           as sales,
    count(*)                                             as invoices,
    count(distinct customer_id)                          as customers,
    (
        select count(distinct invoice_lines.product_id)
        from invoice_lines
        join invoices as sold using (invoice_id)
        where sold.currency = invoices.currency
          and ($as_of::date is null or sold.issued_at::date <= $as_of::date)
    )                                                    as products,
    (sum(total) / count(*))::decimal(14, 2)              as average_basket,
    median(total)::decimal(14, 2)                        as median_basket,
    min(issued_at)::date                                 as first_date,
    max(issued_at)::date                                 as last_date
from invoices
where $as_of::date is null or issued_at::date <= $as_of::date
group by currency
order by invoices desc, currency;

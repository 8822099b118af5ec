-- Lines for recommendations: one row a product in a basket (an invoice), by date, which has the time of day.
-- $as_of (optional): invoices up to and including this day
select
    customer_id,
    invoice_id            as basket_id,
    issued_at             as date,
    product_id,
    any_value(name)       as product,
    sum(quantity)::bigint as quantity
from invoice_lines
join invoices using (invoice_id)
join products using (product_id)
where $as_of::date is null or issued_at::date <= $as_of::date
group by customer_id, invoice_id, issued_at, product_id
order by date, basket_id, product_id;

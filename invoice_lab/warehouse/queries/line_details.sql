-- Lines as they stand on the invoices, by date, invoice and line number.
-- $as_of (optional): invoices up to and including this day
select
    customer_id,
    invoice_id       as basket_id,
    issued_at::date  as date,
    line_no,
    product_id,
    name             as product,
    quantity,
    amount,
    currency
from invoice_lines
join invoices using (invoice_id)
join products using (product_id)
where $as_of::date is null or issued_at::date <= $as_of::date
order by date, basket_id, line_no;

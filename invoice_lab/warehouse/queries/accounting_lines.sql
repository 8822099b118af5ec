-- Lines of the accepted invoices for the accountants, one row a line, by month.
-- $as_of (optional): invoices up to and including this day
select
    strftime(issued_at, '%Y-%m') as month,
    issued_at::date              as invoice_date,
    layout,
    printed_id                   as invoice_number,
    line_no,
    coalesce(code, '')           as product_code,
    name                         as product,
    quantity,
    unit_price,
    amount,
    currency,
    invoice_id,
    product_id
from invoice_lines
join invoices using (invoice_id)
join products using (product_id)
where $as_of::date is null or issued_at::date <= $as_of::date
order by month, invoice_date, layout, invoice_number, invoice_id, line_no;

-- Accepted invoices for the accountants, one row an invoice, by month; net and tax are missing where not printed.
-- $as_of (optional): invoices up to and including this day
select
    strftime(issued_at, '%Y-%m')   as month,
    issued_at::date                as invoice_date,
    layout,
    printed_id                     as invoice_number,
    coalesce(number, '')           as customer_number,
    name                           as customer,
    coalesce(email, '')            as customer_email,
    replace(address, chr(10), ', ') as customer_address,
    coalesce(category, '')         as customer_category,
    net,
    tax,
    total,
    currency,
    invoice_id,
    sha256                         as scan_sha256,
    part
from invoices
join customers using (customer_id)
where $as_of::date is null or issued_at::date <= $as_of::date
order by month, invoice_date, layout, invoice_number, invoice_id;

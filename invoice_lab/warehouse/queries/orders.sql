-- Orders: one row an invoice, by date.
-- $as_of (optional): invoices up to and including this day
select customer_id, invoice_id, issued_at::date as order_date, total as amount, currency
from invoices
where $as_of::date is null or issued_at::date <= $as_of::date
order by order_date, invoice_id;

select invoice_id, layout, printed_id, customer_id, issued_at, net, tax, total, currency, sha256, part from invoices

select invoice_id, line_no, product_id, quantity, unit_price, amount from invoice_lines

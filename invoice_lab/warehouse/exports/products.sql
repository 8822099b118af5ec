select product_id, code, name from products

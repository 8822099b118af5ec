select product_id, code, name from products order by product_id

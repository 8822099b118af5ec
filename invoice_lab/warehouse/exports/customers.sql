select customer_id, number, name, email, birth_date, gender, category, address from customers

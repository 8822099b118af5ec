-- Baskets that come into the books, and the rows that don't. From the tables `rows`, `baskets` and `known_lines`: the lines
-- in the books of the baskets in conflict, each with customer, day and currency.

-- baskets that hold all that the books hold of them, and more lines
create table completed as
with held as (
    select *, count(*) as times from known_lines group by all
),
offered as (
    select
        basket, 'n-' || customer as customer_id, sold_at::date as day, currency, 'c-' || product as product_id, quantity,
        unit_price, count(*) as times
    from rows
    where reason is null and basket in (select basket from known_lines)
    group by all
)
select basket
from held
left join offered using (basket, customer_id, day, currency, product_id, quantity, unit_price)
join baskets using (basket)
group by basket
having bool_and(coalesce(offered.times, 0) >= held.times) and sum(held.times) < any_value(baskets.lines);

update baskets set reason = null where basket in (select basket from completed);

-- what comes into the books: part is the basket's number in the file
create table fresh as
select basket, customer, sold_at, currency, total::decimal(14, 2) as total, digest, is_known as is_completed,
       row_number() over (order by sold_at, basket) - 1 as part
from baskets
where reason is null and (not is_known or basket in (select basket from completed));

create view lines as
select rows.* exclude (customer, sold_at, currency, reason), fresh.customer, fresh.sold_at, fresh.currency
from rows join fresh using (basket)
where rows.reason is null;

create table rejected as
select row, coalesce(rows.reason, baskets.reason) as reason, basket
from rows left join baskets using (basket)
where coalesce(rows.reason, baskets.reason) is not null;

-- Baskets of the rows that nothing is said against, each with the first reason against it as a whole. The digest is of
-- what was bought, by whom and when, in whatever order the rows come; what things and people are called is not in it.
-- From the tables `rows` and `known`: the baskets in the books and their digests.

create table baskets as
with grouped as (
    select
        basket,
        min(customer)                   as customer,
        min(sold_at)                         as sold_at,
        min(currency)                   as currency,
        sum(amount)                     as total,
        count(*)                        as lines,
        case
            when min(customer) <> max(customer) then 'basket-of-two-customers'
            when min(currency) <> max(currency) then 'basket-of-two-currencies'
            when min(sold_at)::date <> max(sold_at)::date then 'basket-of-several-days'
            when abs(sum(amount)) >= 1000000000000 then 'total-too-large'
        end                             as reason,
        left(sha256(concat_ws(chr(10), min(customer), min(sold_at), min(currency), count(*),
            sum(md5_number_lower(concat_ws(chr(10), product, quantity, unit_price, amount))))), 16) as digest
    from rows
    where reason is null
    group by basket
)
select
    grouped.* exclude (reason),
    known.digest is not null as is_known,
    case when reason is null and known.digest <> grouped.digest then 'basket-in-conflict' else reason end as reason
from grouped
left join known using (basket);

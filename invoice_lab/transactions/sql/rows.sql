-- Rows as texts and numbers, each with the first reason against it. From the view `mapped`: every role as text, `sold_at`.
-- Variables: blank (characters around a text), absent (texts that mean nothing is there), today, currency, longest.

create macro present(value) as case
    when not list_contains(getvariable('absent'), trim(value, getvariable('blank')))
    then trim(value, getvariable('blank')) end;

create macro squashed(value) as regexp_replace(present(value), '[\s\x{00A0}]+', ' ', 'g');

create macro number_of(value) as case
    when regexp_full_match(value, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')
    then try_cast(value as decimal(28, 18)) end;

create table rows as
with texts as (
    select
        row,
        present(customer)                                            as customer,
        present(basket)                                              as basket,
        present(product)                                             as product,
        squashed(name)                                               as name,
        squashed(customer_name)                                      as customer_name,
        squashed(email)                                              as email,
        squashed(gender)                                             as gender,
        squashed(category)                                           as category,
        upper(coalesce(present(currency), getvariable('currency')))  as currency,
        present(date)                                                as date_said,
        sold_at,
        present(quantity)                                            as quantity_said,
        present(unit_price)                                          as price_said,
        present(amount)                                              as amount_said,
        present(birth_date)                                          as birth_said,
        born
    from mapped
),
numbers as (
    select
        *,
        case when regexp_full_match(quantity_said, '[+-]?[0-9]+([.]0*)?')
            then coalesce(try_cast(regexp_replace(quantity_said, '[.]0*$', '') as bigint), 9223372036854775807)
            end                                                                     as quantity,
        number_of(price_said)                                                       as price,
        number_of(amount_said)                                                      as amount_given,
        try_cast(quantity as decimal(10, 0)) * price                                as reckoned,
        concat_ws(' ', customer, basket, product, name, customer_name, email, gender, category) as texts,
        greatest(length(customer), length(basket), length(product), length(name), length(customer_name),
                 length(email), length(gender), length(category))                   as longest
    from texts
),
judged as (
    select
        *,
        round(coalesce(amount_given, reckoned), 2)                                  as charged,
        case
            when customer is null then 'customer-missing'
            when basket is null then 'basket-missing'
            when product is null then 'product-missing'
            when longest > getvariable('longest') then 'text-too-long'
            when regexp_matches(texts, '[\x00-\x1F\x7F]') then 'text-impossible'
            when not regexp_full_match(currency, '[A-Z]{3}') then 'currency-impossible'
            when date_said is null then 'date-missing'
            when sold_at is null then 'date-unreadable'
            when sold_at < timestamp '1900-01-01' then 'date-implausible'
            when sold_at::date > getvariable('today') then 'date-in-future'
            when quantity_said is null then 'quantity-missing'
            when quantity is null then 'quantity-not-whole'
            when quantity = 0 then 'quantity-zero'
            when abs(quantity::hugeint) > 2147483647 then 'quantity-too-large'
            when price_said is null then 'price-missing'
            when price < 0 then 'price-negative'
            when price is null and regexp_full_match(price_said, '[+-]?[0-9]{11,}([.][0-9]*)?') then 'price-too-large'
            when price is null then 'price-unreadable'
            when round(price, 4) >= 10000000000 then 'price-too-large'
            when amount_said is not null and amount_given is null then 'amount-unreadable'
            when round(amount_given, 2) * sign(quantity) < 0 then 'amount-against-quantity'
            when round(abs(amount_given - reckoned), 4) > 0.01 then 'amount-differs'  -- rounded, for floats have noise
        end as reason
    from numbers
)
select
    row, customer, basket, product, name, customer_name, email, gender, category, currency, sold_at, quantity,
    case when reason is null then round(price, 4)::decimal(14, 4) end       as unit_price,
    case when abs(charged) < 1000000000000 then charged::decimal(14, 2) end as amount,
    reason is null and price <> round(price, 4)                             as is_rounded,
    case when born between sold_at - interval 120 year and sold_at then born end      as birth_date,
    birth_said is not null and birth_date is null                           as is_birth_left_out,
    case when reason is null and abs(charged) >= 1000000000000 then 'amount-too-large' else reason end as reason
from judged;

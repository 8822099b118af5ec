-- Confidence by field over all parts (the fields of all product lines together), the least sure field first; low counts the values below a threshold.
-- $below (optional): the threshold of low (0.98)
-- p05 is the 5th percentile, between the two values beside it. Only values of its thousandth, and of the next one where
-- that is needed, are put in order, for there may be millions.
with by_thousandth as (
    select
        field,
        floor(1000 * confidence)::bigint                                as thousandth,
        sum(number)                                                     as number,
        sum(number * confidence)                                        as total,
        min(confidence)                                                 as lowest,
        sum(number) filter (where confidence < coalesce($below::double, 0.98)) as low
    from field_counts
    group by all
),
by_field as (
    select
        field,
        sum(number)::bigint                     as "values",
        round(sum(total) / sum(number), 6)      as mean,
        min(lowest)                             as lowest,
        coalesce(sum(low), 0)::bigint           as low,
        0.05 * (sum(number) - 1)                as place
    from by_thousandth
    group by field
),
around as (
    select field, thousandth, place, sum(number) over so_far - number as before
    from by_thousandth join by_field using (field)
    window so_far as (partition by field order by thousandth)
    qualify before <= ceil(place) and before + number > floor(place)
),
in_order as (
    select
        field, place, confidence,
        before + sum(number) over (partition by field, thousandth order by confidence) as until,
        until - number                                                                 as since
    from (
        select field, thousandth, confidence, any_value(place) as place, any_value(before) as before, sum(number) as number
        from (select *, floor(1000 * confidence)::bigint as thousandth from field_counts) as counts
        join around using (field, thousandth)
        group by field, thousandth, confidence
    )
),
percentile as (
    select
        field,
        min(confidence) filter (where since <= floor(place) and floor(place) < until) as under,
        min(confidence) filter (where since <= ceil(place) and ceil(place) < until)   as above,
        any_value(place - floor(place))                                              as beyond
    from in_order
    group by field
)
select field, "values", mean, round(under + (above - under) * beyond, 6) as p05, lowest, low
from by_field
join percentile using (field)
order by mean, field;

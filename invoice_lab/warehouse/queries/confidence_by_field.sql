-- Confidence by field over all parts (the fields of all product lines together), the least sure field first; low counts the values below a threshold.
-- $below (optional): the threshold of low (0.98)
select
    regexp_replace(field, '^lines\.\d+\.', 'line ')                  as field,
    count(*)                                                         as "values",
    round(avg(confidence), 6)                                        as mean,
    round(quantile_cont(confidence, 0.05), 6)                        as p05,
    min(confidence)                                                  as lowest,
    count(*) filter (where confidence < coalesce($below::double, 0.98)) as low
from fields
group by all
order by mean, field;

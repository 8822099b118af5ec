-- Fields over all parts by the way in which they were read, the most frequent way first; accepted counts those of accepted parts, low the values below a threshold.
-- $below (optional): the threshold of low (0.98)
select
    how,
    sum(number)::bigint                                                 as "values",
    sum(number) / sum(sum(number)) over ()                              as share,
    coalesce(sum(number) filter (where status = 'accepted'), 0)::bigint as accepted,
    round(sum(number * confidence) / sum(number), 6)                    as mean,
    min(confidence)                                                     as lowest,
    coalesce(sum(number) filter (where confidence < coalesce($below::double, 0.98)), 0)::bigint as low
from field_counts
group by how
order by "values" desc, how;

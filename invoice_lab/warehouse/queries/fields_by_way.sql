-- Fields over all parts by the way in which they were read, the most frequent way first; accepted counts those of accepted parts, low the values below a threshold.
-- $below (optional): the threshold of low (0.98)
select
    how,
    count(*)                                            as "values",
    count(*) / sum(count(*)) over ()                    as share,
    count(*) filter (where status = 'accepted')         as accepted,
    round(avg(fields.confidence), 6)                    as mean,
    min(fields.confidence)                              as lowest,
    count(*) filter (where fields.confidence < coalesce($below::double, 0.98)) as low
from fields
join parts using (sha256, part)
group by how
order by "values" desc, how;

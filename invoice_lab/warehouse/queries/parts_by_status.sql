-- Parts that were read by status, all four statuses, in the order accepted, review, rejected, failed; imported ones are left out.
select
    status,
    count(sha256)                                                                     as parts,
    coalesce(round(count(sha256) / nullif(sum(count(sha256)) over (), 0), 6), 0)::double as share
from (values ('accepted', 1), ('review', 2), ('rejected', 3), ('failed', 4)) as known (status, place)
left join (select * from parts where engine <> 'import') as parts using (status)
group by status, place
order by place;

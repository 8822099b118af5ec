-- Parts in review, rejected or failed with their findings, by status and name.
-- $most (optional): how many of them, from the first on; all where it is not given
with doubtful as (
    select * from parts where status <> 'accepted'
    order by list_position(['review', 'rejected', 'failed'], status), name, sha256, part
    limit coalesce($most::bigint, 9223372036854775807)
),
said as (  -- sorting a list takes half as long as string_agg in an order
    select sha256, part, list_sort(list({'no': no, 'code': code, 'message': message})) as findings
    from findings
    semi join doubtful using (sha256, part)
    group by sha256, part
)
select
    name,
    part,
    status,
    coalesce(layout, 'unknown') as layout,
    printed_id,
    confidence,
    coalesce(array_to_string([finding.code for finding in findings], ', '), '')    as codes,
    coalesce(array_to_string([finding.message for finding in findings], ' '), '')  as messages,
    sha256
from doubtful
left join said using (sha256, part)
order by list_position(['review', 'rejected', 'failed'], status), name, sha256, part;

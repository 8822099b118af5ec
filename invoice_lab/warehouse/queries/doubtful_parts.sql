-- Parts in review, rejected or failed with their findings, by status and name.
select
    name,
    part,
    status,
    coalesce(layout, 'unknown') as layout,
    printed_id,
    confidence,
    coalesce(codes, '')         as codes,
    coalesce(messages, '')      as messages,
    sha256
from parts
left join (
    select sha256, part, string_agg(code, ', ' order by no) as codes, string_agg(message, ' ' order by no) as messages
    from findings
    group by sha256, part
) as said using (sha256, part)
where status <> 'accepted'
order by list_position(['review', 'rejected', 'failed'], status), name, sha256, part;

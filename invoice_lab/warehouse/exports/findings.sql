-- one row a finding, and one a file of the latest batch that could not be opened (see parts.sql)
select sha256, part, no, code, severity, field, message from findings
union all
select encode(sha256(convert_to(name, 'UTF8')), 'hex'), 0, 1, 'not-readable', 'error', null, problem
from batch_scans
where problem is not null and batch = (select batch from batches order by started_at desc, batch limit 1)
order by 1, 2, 3

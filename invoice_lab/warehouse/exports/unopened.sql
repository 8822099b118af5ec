-- one row a file of the latest batch that could not be opened: it has no scan, and is known by the digest of its name
select encode(sha256(convert_to(name, 'UTF8')), 'hex') as sha256, name, problem
from batch_scans
where problem is not null and batch = (select batch from batches order by started_at desc, batch limit 1)

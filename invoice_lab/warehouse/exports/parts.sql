-- one row a part, and one a file of the latest batch that could not be opened (known by the digest of its name)
select sha256, part, scans.name, status, layout, printed_id, invoice_id, engine, engine_version, confidence
from parts join scans using (sha256)
union all
select encode(sha256(convert_to(name, 'UTF8')), 'hex'), 0, name, 'failed', null, null, null, 'none', '', null
from batch_scans
where problem is not null and batch = (select batch from batches order by started_at desc, batch limit 1)
order by 3, 1, 2

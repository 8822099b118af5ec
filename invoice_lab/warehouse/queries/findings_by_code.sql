-- Findings by code, severity and status of the part, the most frequent first; parts counts each part once.
select
    code,
    severity,
    status,
    count(*)                                     as findings,
    count(distinct (findings.sha256, findings.part)) as parts
from findings
join parts using (sha256, part)
group by code, severity, status
order by findings desc, code, severity, status;

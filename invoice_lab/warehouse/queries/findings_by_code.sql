-- Findings by code, severity and status of the part, the most frequent first; parts counts each part once.
select code, severity, status, findings, parts
from finding_counts
order by findings desc, code, severity, status;

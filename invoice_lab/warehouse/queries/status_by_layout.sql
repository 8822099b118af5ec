-- Parts by layout and status; parts whose layout was not recognised are 'unknown'.
select coalesce(layout, 'unknown') as layout, status, count(*) as parts
from parts
group by coalesce(layout, 'unknown'), status
order by layout, list_position(['accepted', 'review', 'rejected', 'failed'], status);

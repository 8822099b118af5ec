-- Totals by month and currency for reconciliation: invoices against their lines, to the cent.
-- $as_of (optional): invoices up to and including this day
-- difference is net (the total where no net is printed) less the sum of the lines; it is 0.00 where the books agree.
with by_invoice as (
    select invoice_id, count(*) as lines, sum(amount) as amount
    from invoice_lines
    group by invoice_id
)
select
    strftime(issued_at, '%Y-%m')                           as month,
    currency,
    count(*)                                               as invoices,
    coalesce(sum(lines), 0)::bigint                        as lines,
    sum(coalesce(net, total))                              as net,
    coalesce(sum(tax), 0)                                  as tax,
    sum(total)                                             as total,
    coalesce(sum(amount), 0)                               as lines_total,
    sum(coalesce(net, total)) - coalesce(sum(amount), 0)   as difference
from invoices
left join by_invoice using (invoice_id)
where $as_of::date is null or issued_at::date <= $as_of::date
group by month, currency
order by month, currency;

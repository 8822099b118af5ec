-- What has changed in the books, so that a cache takes over what is new to it and no more; and how sure fields were,
-- counted, so that a cache needn't look into a million pages.

-- Only added to, one row a statement; the oldest go. Of an invoice's lines the invoice is noted, of what hangs on a scan
-- the scan.
create table changes (
    change bigint generated always as identity primary key,
    kind   text not null check (kind in ('begin', 'customers', 'products', 'invoices', 'scans', 'fields')),
    keys   text[],           -- null: more than are worth naming
    total  bigint not null,  -- keys up to here since the beginning, named or not
    mark   uuid not null default gen_random_uuid()  -- tells this row from one of other books, or of a restored copy
);
insert into changes (kind, keys, total) values ('begin', '{}', 0);

-- Fields that were read by the status of their part, the field (those of all lines together), the way and the confidence
create table field_counts (
    status     text not null,
    field      text not null,
    how        text not null,
    confidence double precision not null,
    number     bigint not null,  -- 0 stays, so that a cache sees that there are none left
    change     bigint not null,  -- the last one
    primary key (status, field, how, confidence)
);
create index field_counts_by_change on field_counts (change);

-- The lock is that of lock_books (write.py): changes are numbered in the order in which they are committed, so who has
-- seen one has seen all before it. A writer that forgets to take it waits here.
-- Called by triggers, whose search_path it has.
create function note_change(new_kind text, new_keys text[], number bigint) returns bigint language plpgsql as $$
declare
    most_keys   constant bigint := 20000;    -- of one statement; more are not named
    kept_keys   constant bigint := 1000000;  -- a cache that is farther behind is written anew
    trim_every  constant bigint := 10000;
    this_change bigint;
    so_far      bigint;
begin
    perform pg_advisory_xact_lock(hashtext(current_schema() || ' load'));
    insert into changes (kind, keys, total)
    select new_kind, case when number <= most_keys then new_keys end, total + number
    from changes order by change desc limit 1
    returning change, total into this_change, so_far;
    if so_far / trim_every > (so_far - number) / trim_every then
        delete from changes where total < so_far - kept_keys;
    end if;
    return this_change;
end
$$;

create function fields_of(page jsonb)
    returns table (field text, how text, confidence double precision) language sql immutable as $$
    select field.key, field.value ->> 'how', coalesce((field.value ->> 'confidence')::double precision, 0)
    from jsonb_each(page -> 'fields') as field
    union all
    select 'line ' || field.key, field.value ->> 'how', coalesce((field.value ->> 'confidence')::double precision, 0)
    from jsonb_array_elements(page -> 'lines') as line, jsonb_each(line.value) as field
    where jsonb_typeof(field.value) = 'object'  -- a line without a printed amount has none
$$;

-- A table was emptied: no key is named, so caches are written anew
create function note_emptied() returns trigger language plpgsql set search_path from current as $$
declare
    this_change constant bigint := note_change(tg_argv[0], null, 1);
begin
    if tg_table_name = 'parts' then
        update field_counts set number = 0, change = this_change where number > 0;
    end if;
    return null;
end
$$;

-- One function for each key and event, since a query that is put together at each call takes longer than it runs
do $do$
declare
    followed record;
    happened record;
    note_keys constant text := $sql$
        create function %1$I() returns trigger language plpgsql set search_path from current as $$
        declare
            keys text[];
        begin
            select array_agg(distinct key) into keys from (%2$s) as _;
            if keys is not null then
                perform note_change(tg_argv[0], keys, cardinality(keys));
            end if;
            return null;
        end
        $$
    $sql$;
    count_fields constant text := $sql$
        create function %1$I() returns trigger language plpgsql set search_path from current as $$
        begin
            with sums as materialized (
                select status, field, how, confidence, sum(sign) as number from (%2$s) as _, fields_of(page)
                group by status, field, how, confidence having sum(sign) <> 0
            ),
            noted as materialized (
                select note_change('fields', '{}', 0) as change where exists (select from sums)
            )
            insert into field_counts as known (status, field, how, confidence, number, change)
            select sums.*, noted.change from sums, noted
            on conflict (status, field, how, confidence) do update
            set number = known.number + excluded.number, change = excluded.change;
            return null;
        end
        $$
    $sql$;
begin
    for happened in
        select * from (values
            ('inserted', 'insert', 'new table as new_rows', '{new}'),
            ('updated', 'update', 'old table as old_rows new table as new_rows', '{old} union all {new}'),
            ('deleted', 'delete', 'old table as old_rows', '{old}')
        ) as _ (name, event, tables, rows)
    loop
        for followed in
            select *, 'note_' || key || '_' || happened.name as note from (values
                ('customers', 'customers', 'customer_id'),
                ('products', 'products', 'product_id'),
                ('invoices', 'invoices', 'invoice_id'),
                ('invoice_lines', 'invoices', 'invoice_id'),
                ('scans', 'scans', 'sha256'),
                ('parts', 'scans', 'sha256'),
                ('findings', 'scans', 'sha256')
            ) as _ (name, kind, key)
        loop
            -- a scan that has no part yet is in no cache
            continue when followed.name = 'scans' and happened.event = 'insert';
            if to_regproc(followed.note) is null then
                execute format(note_keys, followed.note, replace(replace(happened.rows,
                    '{old}', format('select %I as key from old_rows', followed.key)),
                    '{new}', format('select %I as key from new_rows', followed.key)));
            end if;
            execute format('create trigger %I after %s on %I referencing %s for each statement execute function %I(%L)',
                'keys_' || happened.name, happened.event, followed.name, happened.tables, followed.note, followed.kind);
            if happened.event = 'delete' then
                execute format('create trigger emptied after truncate on %I
                    for each statement execute function note_emptied(%L)', followed.name, followed.kind);
            end if;
        end loop;
        execute format(count_fields, 'count_fields_' || happened.name, replace(replace(happened.rows,
            '{old}', 'select status, page, -1 as sign from old_rows'),
            '{new}', 'select status, page, 1 as sign from new_rows'));
        execute format('create trigger %I after %s on parts referencing %s for each statement execute function %I()',
            'fields_' || happened.name, happened.event, happened.tables, 'count_fields_' || happened.name);
    end loop;
end
$do$;

insert into field_counts
select status, read.field, read.how, read.confidence, count(*), 1 from parts, fields_of(page) as read group by 1, 2, 3, 4;

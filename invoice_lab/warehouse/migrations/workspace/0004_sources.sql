-- Where a source's listing goes on, what is fetched again, by which description of its layout a part was read, and how
-- long batches took.

-- the scans of a source up to its watermark have arrived, or are noted in batch_scans as not to be had
create table watermarks (
    source     text primary key,
    mark       text not null,
    updated_at timestamptz not null default now()
);

alter table batch_scans
    add column place text,  -- where a scan that could not be had is in its source
    drop constraint batch_scans_outcome_check,
    add constraint batch_scans_outcome_check check (outcome in ('new', 'known', 'duplicate', 'reread'));
create index batch_scans_by_sha256 on batch_scans (sha256);
create index batch_scans_to_fetch on batch_scans (batch) where place is not null;

alter table parts
    add column asked         text not null default 'auto',  -- the engine that was asked for; `engine` is what read it
    add column layout_digest text not null default '';

-- when a batch last committed something: tells how long one took that did not come to its end
alter table batches add column committed_at timestamptz;
update batches set committed_at = coalesce(finished_at, started_at);
alter table batches alter column committed_at set default now(), alter column committed_at set not null;

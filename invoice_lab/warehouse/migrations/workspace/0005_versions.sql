-- Which version of a file a source had, by its own account, when its scan arrived: what has that version still is not
-- fetched again.
create table versions (
    source  text not null,
    place   text not null,
    version text not null,
    sha256  text not null references scans,
    primary key (source, place)
);

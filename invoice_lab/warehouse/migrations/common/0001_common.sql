-- What is common to all workspaces: who may log in, what was done, how the server fared. Schema invoice_lab.

create table users (
    name          text primary key,
    password_hash text not null,
    role          text not null check (role in ('viewer', 'analyst', 'admin')),
    locked_until  timestamptz,
    created_at    timestamptz not null default now()
);

create table sessions (
    token_hash text primary key,
    name       text not null references users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create table requests (
    request  bigint generated always as identity primary key,
    at       timestamptz not null default now(),
    endpoint text not null,
    status   integer not null,
    seconds  double precision not null
);

create table audit_log (
    entry     bigint generated always as identity primary key,
    at        timestamptz not null default now(),
    actor     text not null,
    action    text not null,
    workspace text,
    subject   text,
    detail    jsonb not null default '{}'
);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only: % refused', tg_op;
end
$$;

create trigger audit_log_append_only
    before update or delete or truncate on audit_log
    for each statement execute function audit_log_is_append_only();

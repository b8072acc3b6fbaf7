-- The process's sign of life, before the look and in the same statement.
with seen as (
    insert into freehold.replica (service, host, pid, version) values ({}, {}, {}, {})
    on conflict (service, host, pid) do update set version = excluded.version, seen_at = now()
)

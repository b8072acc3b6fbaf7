-- The service's row, with the stamp of what is there now, and the process's sign of life, in one statement.
with seen as (
    insert into freehold.replica (service, host, pid, version)
    select {}, {}, {}, {} where {} and not pg_catalog.pg_is_in_recovery() and pg_catalog.has_table_privilege('freehold.replica', 'insert')
    on conflict (service, host, pid) do update set version = excluded.version, seen_at = now()
)
select set_config('freehold.answer', json_build_object('ledger', 'present', 'version', t.version, 'fingerprint', t.fingerprint,
    'stamp', t.stamp, 'live', ({}), 'history', t.history)::text, true)
from freehold.service t
where t.service = {}

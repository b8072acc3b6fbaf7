-- Check constraints, by the table that they stand on: names are unique per table only. The field read through to_jsonb is not in the
-- catalog of every version.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', k.conname,
    'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid),
    'no_inherit', k.connoinherit,
    'not_valid', not k.convalidated,
    'unenforced', coalesce(not (to_jsonb(k) ->> 'conenforced')::boolean, false)
))
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.conrelid = any (current_setting('freehold.tables')::oid[]) and k.contype = 'c'

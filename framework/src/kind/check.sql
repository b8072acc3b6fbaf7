-- Check constraints, by the table that they stand on: names are unique per table only.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', k.conname,
    'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid),
    'no_inherit', k.connoinherit,
    'not_valid', not k.convalidated
))
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.conrelid = any (current_setting('freehold.tables')::oid[]) and k.contype = 'c'

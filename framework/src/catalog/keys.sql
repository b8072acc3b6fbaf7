-- The foreign keys that stand on keys which are to change: the server drops no key under them.
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'key', k.conname,
    'leaning', (
        select coalesce(json_agg(format('foreign key %s of %s', f.conname, f.conrelid::regclass) order by f.conrelid::regclass::text, f.conname), '[]')
        from pg_catalog.pg_constraint f where f.contype = 'f' and f.conindid = k.conindid)
)), '[]')
from json_to_recordset({}) w (schema name, name name, key name)
join pg_catalog.pg_namespace n on n.nspname = w.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.conname = w.key

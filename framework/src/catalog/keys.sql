-- The foreign keys that stand on keys and unique indexes which are to change: the server drops none under them.
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', w.schema, 'name', w.name),
    'key', w.key,
    'leaning', (
        select coalesce(json_agg(json_build_object('table', json_build_object('schema', s.nspname, 'name', c.relname), 'name', f.conname) order by s.nspname, c.relname, f.conname), '[]')
        from pg_catalog.pg_constraint f
        join pg_catalog.pg_class c on c.oid = f.conrelid
        join pg_catalog.pg_namespace s on s.oid = c.relnamespace
        where f.contype = 'f' and f.conindid = i.oid)
)), '[]')
from json_to_recordset({}) w (schema name, name name, key name)
join pg_catalog.pg_namespace n on n.nspname = w.schema
-- The index of a key has the key's name.
join pg_catalog.pg_class i on i.relnamespace = n.oid and i.relname = w.key and i.relkind in ('i', 'I')

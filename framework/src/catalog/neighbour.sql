-- Tables of other services that the manifest leans on: their columns, and whether we may refer to them.
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'columns', (
        select coalesce(json_agg(json_build_object('name', a.attname, 'type', coalesce(current_setting('freehold.aside')::jsonb ->> a.atttypid::text, '') || pg_catalog.format_type(a.atttypid, a.atttypmod))), '[]')
        from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'may_reference', pg_catalog.has_table_privilege(c.oid, 'references'),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'role', current_user
)), '[]')
from json_to_recordset({}) w (schema name, name name)
join pg_catalog.pg_namespace n on n.nspname = w.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')

-- The sequences that belong to serial and identity columns of these tables.
with wanted as (
    select to_regclass(format('%I.%I', w.schema, w.name)) as oid, w.schema, w.name
    from json_to_recordset({}) w (schema name, name name)
)
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', w.schema, 'name', w.name),
    'column', a.attname,
    'sequence', json_build_object('schema', n.nspname, 'name', s.relname)
) order by w.schema, w.name, a.attnum), '[]')
from wanted w
join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = w.oid
    and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
join pg_catalog.pg_namespace n on n.oid = s.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum = d.refobjsubid

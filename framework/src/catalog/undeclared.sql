-- The sequences that belong to serial and identity columns of these tables, and the constraints by which columns refuse null, which are in the
-- catalog since PostgreSQL 18.
with wanted as (
    select to_regclass(format('%I.%I', w.schema, w.name)) as oid, json_build_object('schema', w.schema, 'name', w.name) as named
    from json_to_recordset({}) w (schema name, name name)
)
select json_build_object(
    'numberings', coalesce((
        select json_agg(json_build_object(
            'table', w.named, 'column', a.attname, 'sequence', json_build_object('schema', n.nspname, 'name', s.relname)
        ) order by w.named::text, a.attnum)
        from wanted w
        join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = w.oid
            and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
        join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
        join pg_catalog.pg_namespace n on n.oid = s.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum = d.refobjsubid), '[]'),
    'not_nulls', coalesce((
        select json_agg(json_build_object('table', w.named, 'column', a.attname, 'name', k.conname) order by w.named::text, a.attnum)
        from wanted w
        join pg_catalog.pg_constraint k on k.conrelid = w.oid and k.contype = 'n'
        join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum = k.conkey[1]), '[]')
)

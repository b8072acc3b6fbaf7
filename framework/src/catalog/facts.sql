-- What a plan must know of standing tables and of the functions that defaults call.
select json_build_object(
    'sizes', coalesce((
        select json_agg(json_build_object(
            'table', json_build_object('schema', n.nspname, 'name', c.relname),
            'rows', greatest(c.reltuples, 0)::int8,
            'bytes', pg_catalog.pg_relation_size(c.oid)))
        from json_to_recordset({}) w (schema name, name name)
        join pg_catalog.pg_namespace n on n.nspname = w.schema
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')), '[]'),
    'volatile', coalesce((
        select json_agg(distinct p.proname) from pg_catalog.pg_proc p
        join json_array_elements_text({}) f (name) on p.proname = f.name::name
        where p.provolatile = 'v'), '[]')
)

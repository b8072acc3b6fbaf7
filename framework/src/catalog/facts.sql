-- What a plan must know of standing tables and of the functions that defaults call. The statistics may be missing or old: a table
-- of more than so many pages that they call small is looked into, up to one row more than a small table has.
select json_build_object(
    'sizes', coalesce((
        select json_agg(json_build_object(
            'table', json_build_object('schema', n.nspname, 'name', c.relname),
            'rows', greatest(told.rows, looked.rows, 0)::int8,
            'bytes', pg_catalog.pg_relation_size(c.oid)))
        from json_to_recordset({}) w (schema name, name name)
        join pg_catalog.pg_namespace n on n.nspname = w.schema
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')
        cross join lateral (
            select pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int8 as pages, {}::int8 as small_max
        ) file
        cross join lateral (
            select case when c.relpages > 0 then c.reltuples::numeric / c.relpages * file.pages end as rows
        ) told
        cross join lateral (
            -- 291: what a page of 8 kB holds of rows with nothing in them.
            select case when coalesce(told.rows, 0) <= small_max and file.pages * 291 > small_max
                and pg_catalog.has_table_privilege(c.oid, 'select')
                then pg_catalog.query_to_xml(format(
                    'select count(*) as rows, max((ctid::text::point)[0]) + 1 as pages from (select ctid from only %I.%I limit %s) looked',
                    n.nspname, c.relname, small_max + 1), false, true, '') end as answer
        ) look
        cross join lateral (
            select (xpath('/row/rows/text()', look.answer))[1]::text::numeric as rows,
                (xpath('/row/pages/text()', look.answer))[1]::text::numeric as pages
        ) seen
        cross join lateral (
            select case when seen.rows <= small_max then seen.rows else seen.rows / seen.pages * file.pages end as rows
        ) looked), '[]'),
    'volatile', coalesce((
        select json_agg(distinct p.proname) from pg_catalog.pg_proc p
        join json_array_elements_text({}) f (name) on p.proname = f.name::name
        where p.provolatile = 'v'), '[]')
)

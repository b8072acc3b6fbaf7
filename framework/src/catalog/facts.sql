-- What a plan must know of standing tables and of the functions that defaults call. The statistics may be missing or old: a table
-- of more than so many pages that they call small is looked into, up to one row more than a small table has.
select json_build_object(
    'sizes', coalesce((
        select json_agg(json_build_object(
            'table', json_build_object('schema', n.nspname, 'name', c.relname),
            'rows', greatest(told.rows, looked.rows, 0)::int8,
            'bytes', coalesce(file.bytes, 0),
            'partitioned', c.relkind = 'p'))
        from json_to_recordset({}) w (schema name, name name)
        join pg_catalog.pg_namespace n on n.nspname = w.schema
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')
        -- The rows of a partitioned table are in its leaves.
        cross join lateral (
            select sum(p.bytes) as bytes, sum(p.bytes / current_setting('block_size')::int8) as pages, {}::int8 as small_max,
                sum(case when l.relpages > 0 then l.reltuples::numeric / l.relpages * (p.bytes / current_setting('block_size')::int8) end) as rows
            from pg_catalog.pg_class l
            cross join lateral (select pg_catalog.pg_relation_size(l.oid) as bytes) p
            where l.oid = c.oid and c.relkind = 'r'
                or c.relkind = 'p' and l.oid in (select t.relid from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf)
        ) file
        cross join lateral (select file.rows) told
        cross join lateral (
            -- 291: what a page of 8 kB holds of rows with nothing in them.
            select case when coalesce(told.rows, 0) <= small_max and file.pages * 291 > small_max
                and pg_catalog.has_table_privilege(c.oid, 'select')
                then pg_catalog.query_to_xml(format(
                    case c.relkind when 'p' then 'select count(*) as rows, null as pages from (select from %I.%I limit %s) looked'
                        else 'select count(*) as rows, max((ctid::text::point)[0]) + 1 as pages from (select ctid from only %I.%I limit %s) looked' end,
                    n.nspname, c.relname, small_max + 1), false, true, '') end as answer
        ) look
        cross join lateral (
            select (xpath('/row/rows/text()', look.answer))[1]::text::numeric as rows,
                (xpath('/row/pages/text()', look.answer))[1]::text::numeric as pages
        ) seen
        cross join lateral (
            select case when seen.rows <= small_max or seen.pages is null then seen.rows else seen.rows / seen.pages * file.pages end as rows
        ) looked), '[]'),
    'volatile', coalesce((
        select json_agg(distinct p.proname) from pg_catalog.pg_proc p
        join json_array_elements_text({}) f (name) on p.proname = f.name::name
        where p.provolatile = 'v'), '[]')
)

-- Which tables, types, sequences and functions the slice consists of: those that the manifest names and those that the ledger remembers. Their ids go into
-- the settings that all other queries read. The answer names whatever else stands under those names.
with wanted as (
    select w.schema, w.name, w.tag, w.arguments, w.on_table from json_to_recordset({}) w (schema name, name name, tag text, arguments text, on_table name)
), found as (
    select w.tag, c.oid, c.relkind, w.schema, w.name,
        case w.tag when 'table' then c.relkind in ('r', 'p') else c.relkind = 'S' end as fits
    from wanted w
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    where w.tag in ('table', 'sequence')
), found_indexes as (
    select w.tag, w.schema, w.name, w.on_table, c.relkind, t.relname
    from wanted w
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    left join (pg_catalog.pg_index i join pg_catalog.pg_class t on t.oid = i.indrelid) on i.indexrelid = c.oid
    where w.tag in ('index', 'key', 'exclusion') and t.relname is distinct from w.on_table
), found_types as (
    select y.oid, y.typtype, w.schema, w.name
    from wanted w
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_type y on y.typnamespace = n.oid and y.typname = w.name
    where w.tag = 'enum'
), found_functions as (
    select p.oid, w.schema, w.name,
        case when p.prokind in ('a', 'p') then 'another kind of routine'
            when exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
            then 'a function of an extension' end as what
    from wanted w
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = w.name
    where w.tag = 'function' and w.arguments = coalesce((
        select string_agg(coalesce(current_setting('freehold.aside')::jsonb ->> t.type::text, '') || pg_catalog.format_type(t.type, null), ', ' order by t.position)
        from unnest(p.proargtypes::oid[]) with ordinality t (type, position)), '')
)
select
    set_config('freehold.tables', array(select oid from found where tag = 'table' and fits)::text, true),
    set_config('freehold.types', array(select oid from found_types where typtype = 'e')::text, true),
    (select coalesce(json_agg(json_build_object('tag', o.tag, 'schema', o.schema, 'name', o.name, 'on_table', o.on_table, 'what', o.what)), '[]') from (
        select tag, schema, name, null::name as on_table, case relkind when 'r' then 'a table' when 'p' then 'a table' when 'v' then 'a view' when 'm' then 'a materialized view' when 'i' then 'an index'
            when 'S' then 'a sequence' when 'c' then 'a composite type' when 'f' then 'a foreign table' else 'another kind of relation' end as what
        from found where not fits
        union all
        select 'enum', schema, name, null, case typtype when 'd' then 'a domain' when 'c' then 'the row type of a table or view' else 'another kind of type' end
        from found_types where typtype <> 'e'
        union all
        select tag, schema, name, on_table, case when relname is null then case relkind when 'r' then 'a table' when 'v' then 'a view' when 'S' then 'a sequence' else 'another relation' end
            else 'an index of `' || relname || '`' end
        from found_indexes
        union all
        select 'function', schema, name, null, what from found_functions where what is not null
    ) o),
    -- How many table locks all sessions together may hold.
    current_setting('max_locks_per_transaction')::int8
        * (current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8),
    set_config('freehold.sequences', array(select oid from found where tag = 'sequence' and fits)::text, true),
    set_config('freehold.functions', array(select oid from found_functions where what is null)::text, true),
    current_setting('server_version_num')

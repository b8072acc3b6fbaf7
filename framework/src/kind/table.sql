-- Tables with their columns in order. What is as the server does it by itself is not said. `serial` is never null, and its default draws from a sequence which the column owns.
select json_agg(json_strip_nulls(json_build_object(
    'name', json_build_object('schema', n.nspname, 'name', c.relname),
    'unlogged', c.relpersistence = 'u',
    'columns', col.list,
    'replica', case
        when c.relreplident = 'f' then '"full"'::json
        when c.relreplident = 'n' and c.relkind = 'r' then '"nothing"'::json
        when c.relreplident = 'i' then (
            select json_build_object('index', x.relname)
            from pg_catalog.pg_index r join pg_catalog.pg_class x on x.oid = r.indexrelid where r.indrelid = c.oid and r.indisreplident) end,
    'options', json_build_object(
        'with', (
            select json_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
            from (
                select unnest(c.reloptions) as o
                union all
                select 'toast.' || unnest(t.reloptions) from pg_catalog.pg_class t where t.oid = c.reltoastrelid
            ) options),
        'tablespace', (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace),
        'partition', case when c.relkind = 'p' then json_build_object(
            'strategy', lower(split_part(pg_catalog.pg_get_partkeydef(c.oid), ' ', 1)),
            'key', substring(pg_catalog.pg_get_partkeydef(c.oid) from '^\w+ \((.*)\)$')) end)
)))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    -- Since PostgreSQL 18 a column may refuse null to new rows alone.
    select array(
        select k.conkey[1] from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'n' and not k.convalidated) as columns
) unproven
cross join lateral (
    select coalesce(json_agg(json_build_object(
        'name', a.attname,
        'type', coalesce(current_setting('freehold.aside')::jsonb ->> a.atttypid::text, '') || pg_catalog.format_type(a.atttypid, a.atttypmod),
        'not_null', a.attnotnull,
        'unproven', a.attnum = any (unproven.columns),
        'default', case when a.attgenerated = '' and s.owned is null then e.text end,
        'generated', case when a.attgenerated <> '' then e.text end,
        'on_read', a.attgenerated = 'v',
        'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by_default' end,
        'serial', s.owned is not null,
        'collation', case when a.attcollation <> t.typcollation then (
            select json_build_object(
                'schema', case when not pg_catalog.pg_collation_is_visible(o.oid) then m.nspname end,
                'name', o.collname)
            from pg_catalog.pg_collation o
            join pg_catalog.pg_namespace m on m.oid = o.collnamespace
            where o.oid = a.attcollation) end,
        'counting', i.counting,
        'attributes', json_build_object(
            'storage', case when a.attstorage <> t.typstorage then
                case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
            'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
            -- Since PostgreSQL 17 null instead of -1.
            'statistics', case when a.attstattarget >= 0 then a.attstattarget end,
            'options', (select json_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) from unnest(a.attoptions) o))
    ) order by a.attnum), '[]') as list
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    cross join lateral (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) as text) e
    left join lateral (
        select true as owned
        from pg_catalog.pg_depend p
        join pg_catalog.pg_class q on q.oid = p.objid and q.relkind = 'S'
        join pg_catalog.pg_depend draws on draws.refclassid = p.classid and draws.refobjid = q.oid
            and draws.classid = 'pg_catalog.pg_attrdef'::regclass and draws.objid = d.oid
        where a.attnotnull and e.text like 'nextval(''%''::regclass)'
            and p.refclassid = 'pg_catalog.pg_class'::regclass and p.refobjid = a.attrelid and p.refobjsubid = a.attnum
            and p.classid = 'pg_catalog.pg_class'::regclass and p.deptype = 'a'
            -- A sequence that is declared by itself is drawn from by a default, whoever owns it.
            and q.oid <> all (current_setting('freehold.sequences')::oid[])
        limit 1
    ) s on true
    left join lateral (
        -- How the sequence of an identity counts.
        select json_build_object(
            'name', q.relname,
            'increment', nullif(s.seqincrement, 1),
            'min', nullif(s.seqmin, case when s.seqincrement > 0 then 1 else y.least end),
            'max', nullif(s.seqmax, case when s.seqincrement > 0 then y.greatest else -1 end),
            'start', nullif(s.seqstart, case when s.seqincrement > 0 then s.seqmin else s.seqmax end),
            'cache', nullif(s.seqcache, 1),
            'cycle', s.seqcycle) as counting
        from pg_catalog.pg_depend p
        join pg_catalog.pg_class q on q.oid = p.objid and q.relkind = 'S'
        join pg_catalog.pg_sequence s on s.seqrelid = q.oid
        join (values ('int2'::regtype, -32768, 32767), ('int4'::regtype, -2147483648, 2147483647), ('int8'::regtype, -9223372036854775808, 9223372036854775807))
            y (type, least, greatest) on y.type = s.seqtypid
        where a.attidentity <> '' and p.refclassid = 'pg_catalog.pg_class'::regclass and p.refobjid = a.attrelid and p.refobjsubid = a.attnum
            and p.classid = 'pg_catalog.pg_class'::regclass and p.deptype = 'i'
    ) i on true
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) col
where c.oid = any (current_setting('freehold.tables')::oid[])

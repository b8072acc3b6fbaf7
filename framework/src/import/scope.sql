-- What there is to import: the tables and enum types of these schemas whose names fit, and what stands round them. Members of extensions are the
-- extensions' own.
with asked as (
    select n.oid, n.nspname from pg_catalog.pg_namespace n where n.nspname in (select json_array_elements_text({}))
), patterns as (
    select array(select json_array_elements_text({})) as fits
), members as not materialized (
    select classid, objid from pg_catalog.pg_depend where deptype = 'e'
), relations as (
    select c.*, a.nspname,
        array(select t.attname::text from pg_catalog.pg_attribute t where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped order by t.attnum) as columns
    from pg_catalog.pg_class c
    join asked a on a.oid = c.relnamespace
    cross join patterns p
    where c.relkind in ('r', 'p') and c.relname like any (p.fits)
        and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid)
), tables as (
    select r.oid, r.nspname as schema, r.relname as name, pg_catalog.pg_get_userbyid(r.relowner) as owner, r.columns,
        case
            when r.relispartition then 'partition of ' || (select i.inhparent::regclass::text from pg_catalog.pg_inherits i where i.inhrelid = r.oid)
            when r.relkind = 'p' then 'partitioned'
            when exists (select from pg_catalog.pg_inherits i where i.inhrelid = r.oid) then 'inherits from another table'
            when r.reloftype <> 0 then 'of the type ' || r.reloftype::regtype::text
        end as why
    from relations r
), named as materialized (
    select distinct t.atttypid as oid from pg_catalog.pg_attribute t where t.attrelid = any (array(select oid from tables)) and not t.attisdropped
), enums as (
    select y.oid, a.nspname as schema, y.typname as name, pg_catalog.pg_get_userbyid(y.typowner) as owner
    from pg_catalog.pg_type y
    join asked a on a.oid = y.typnamespace
    cross join patterns p
    where y.typtype = 'e'
        and not exists (select from members m where m.classid = 'pg_catalog.pg_type'::regclass and m.objid = y.oid)
        and (y.typname like any (p.fits) or y.oid in (select oid from named) or y.typarray in (select oid from named))
), parts as materialized (
    select oid as owner, 'pg_catalog.pg_class'::regclass as classid, oid as objid from tables
    union all
    select i.indrelid, 'pg_catalog.pg_class'::regclass, i.indexrelid from pg_catalog.pg_index i where i.indrelid = any (array(select oid from tables))
    union all
    select d.adrelid, 'pg_catalog.pg_attrdef'::regclass, d.oid from pg_catalog.pg_attrdef d where d.adrelid = any (array(select oid from tables))
    union all
    select k.conrelid, 'pg_catalog.pg_constraint'::regclass, k.oid from pg_catalog.pg_constraint k where k.conrelid = any (array(select oid from tables))
), needs as materialized (
    -- What the parts depend on; for an array type, its element.
    select distinct p.owner, d.refclassid as classid, case when y.typcategory = 'A' and y.typelem <> 0 then y.typelem else d.refobjid end as objid
    from parts p
    join pg_catalog.pg_depend d on d.classid = p.classid and d.objid = p.objid
    left join pg_catalog.pg_type y on d.refclassid = 'pg_catalog.pg_type'::regclass and y.oid = d.refobjid
), extended as materialized (
    select m.classid, m.objid, x.extname
    from pg_catalog.pg_depend m
    join pg_catalog.pg_extension x on x.oid = m.refobjid
    where m.deptype = 'e' and m.refclassid = 'pg_catalog.pg_extension'::regclass
), used as (
    select distinct e.extname, n.owner from needs n join extended e using (classid, objid)
), types as (
    select distinct y.typname as name, n.nspname as schema
    from pg_catalog.pg_attribute t
    join pg_catalog.pg_type given on given.oid = t.atttypid
    join pg_catalog.pg_type y on y.oid = case when given.typcategory = 'A' and given.typelem <> 0 then given.typelem else given.oid end
    join pg_catalog.pg_namespace n on n.oid = y.typnamespace
    where t.attrelid = any (array(select oid from tables)) and t.attnum > 0 and not t.attisdropped
        and n.nspname <> 'pg_catalog' and pg_catalog.pg_type_is_visible(y.oid) and not current_setting('freehold.aside')::jsonb ? y.oid::text
), functions as (
    select f.oid, a.nspname as schema, f.proname as name, pg_catalog.pg_get_userbyid(f.proowner) as owner, i.arguments
    from pg_catalog.pg_proc f
    join asked a on a.oid = f.pronamespace
    join pg_catalog.pg_language l on l.oid = f.prolang
    cross join patterns p
    cross join lateral (
        select coalesce(json_agg(coalesce(current_setting('freehold.aside')::jsonb ->> t.type::text, '') || pg_catalog.format_type(t.type, null) order by t.position), '[]') as arguments
        from unnest(f.proargtypes::oid[]) with ordinality t (type, position)
    ) i
    where f.prokind = 'f' and f.proname like any (p.fits) and l.lanname not in ('c', 'internal') and f.prosupport = 0
        and f.protrftypes is null and to_jsonb(f) ->> 'prosqlbody' is null
        and not exists (select from members m where m.classid = 'pg_catalog.pg_proc'::regclass and m.objid = f.oid)
        and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = f.oid and d.deptype = 'i')
        -- The rows of what is not written have no type where the manifest is applied, and neither have domains over rows.
        and not exists (
            select from pg_catalog.pg_depend d
            join pg_catalog.pg_type y on y.oid = d.refobjid
            left join pg_catalog.pg_type e on e.oid = y.typelem and y.typcategory = 'A'
            left join pg_catalog.pg_type b on b.oid = coalesce(e.typbasetype, y.typbasetype)
            where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = f.oid and d.refclassid = 'pg_catalog.pg_type'::regclass
                and (coalesce(e.typrelid, y.typrelid) <> 0
                    and coalesce(e.typrelid, y.typrelid) <> all (array(select oid from tables where why is null))
                    or b.typrelid <> 0))
), sequences as (
    select c.oid, a.nspname as schema, c.relname as name, pg_catalog.pg_get_userbyid(c.relowner) as owner
    from pg_catalog.pg_class c
    join asked a on a.oid = c.relnamespace
    join pg_catalog.pg_sequence s on s.seqrelid = c.oid
    cross join patterns p
    where c.relkind = 'S' and c.relname like any (p.fits)
        and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid)
        -- A sequence that identity made goes with its column, and so does one that is as serial makes it; one that belongs to a column which is
        -- not written goes with that.
        and not exists (
            select from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
                and (d.deptype = 'i' or d.deptype = 'a' and (
                    d.refobjid <> all (array(select oid from tables where why is null)) or exists (
                        select from pg_catalog.pg_attrdef e
                        join pg_catalog.pg_class t on t.oid = e.adrelid
                        join pg_catalog.pg_attribute k on k.attrelid = e.adrelid and k.attnum = e.adnum and k.attnotnull and k.atttypid = s.seqtypid
                        join pg_catalog.pg_depend draws on draws.classid = 'pg_catalog.pg_attrdef'::regclass and draws.objid = e.oid
                            and draws.refclassid = 'pg_catalog.pg_class'::regclass and draws.refobjid = c.oid
                        where e.adrelid = d.refobjid and e.adnum = d.refobjsubid
                            and pg_catalog.pg_get_expr(e.adbin, e.adrelid) like 'nextval(''%''::regclass)'
                            and c.relname::text = t.relname || '_' || k.attname || '_seq'
                            and (s.seqstart, s.seqincrement, s.seqmin, s.seqcache, s.seqcycle) = (1, 1, 1, 1, false)
                            and s.seqmax = case s.seqtypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647 else 9223372036854775807 end
                            and pg_catalog.obj_description(c.oid, 'pg_class') is null))))
)
select json_build_object(
    'database', current_database(),
    'server', current_setting('server_version'),
    'me', current_user,
    'ledger', to_regclass('freehold.object') is not null and has_table_privilege(to_regclass('freehold.object'), 'select'),
    'tables', coalesce((select json_agg(json_build_object('schema', schema, 'name', name, 'owner', owner, 'columns', columns, 'why', why) order by name) from tables), '[]'),
    'enums', coalesce((select json_agg(json_build_object('schema', schema, 'name', name, 'owner', owner) order by name) from enums), '[]'),
    'functions', coalesce((select json_agg(json_build_object('schema', schema, 'name', name, 'owner', owner, 'arguments', arguments)) from functions), '[]'),
    'sequences', coalesce((select json_agg(json_build_object('schema', schema, 'name', name, 'owner', owner)) from sequences), '[]'),
    'types', coalesce((select json_agg(json_build_object('name', name, 'schema', schema)) from types), '[]'),
    'used', coalesce((select json_agg(json_build_object('extension', u.extname, 'table', json_build_object('schema', t.schema, 'name', t.name))) from used u join tables t on t.oid = u.owner), '[]')
)

-- What there is to import: the tables and enum types of a schema whose names fit, and what stands round them. Members of extensions are the
-- extensions' own.
with asked as (
    select n.oid, n.nspname from pg_catalog.pg_namespace n where n.nspname = {}
), patterns as (
    select array(select json_array_elements_text({})) as fits
), members as (
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
            when cardinality(r.columns) = 0 then 'without columns'
        end as why
    from relations r
), enums as (
    select y.oid, a.nspname as schema, y.typname as name, pg_catalog.pg_get_userbyid(y.typowner) as owner
    from pg_catalog.pg_type y
    join asked a on a.oid = y.typnamespace
    cross join patterns p
    where y.typtype = 'e'
        and not exists (select from members m where m.classid = 'pg_catalog.pg_type'::regclass and m.objid = y.oid)
        and (y.typname like any (p.fits) or exists (
            select from pg_catalog.pg_attribute t where t.attrelid in (select oid from tables) and t.atttypid in (y.oid, y.typarray) and not t.attisdropped))
), parts as (
    select oid as owner, 'pg_catalog.pg_class'::regclass as classid, oid as objid from tables
    union all
    select i.indrelid, 'pg_catalog.pg_class'::regclass, i.indexrelid from pg_catalog.pg_index i where i.indrelid in (select oid from tables)
    union all
    select d.adrelid, 'pg_catalog.pg_attrdef'::regclass, d.oid from pg_catalog.pg_attrdef d where d.adrelid in (select oid from tables)
    union all
    select k.conrelid, 'pg_catalog.pg_constraint'::regclass, k.oid from pg_catalog.pg_constraint k where k.conrelid in (select oid from tables)
), used as (
    select distinct x.extname, p.owner
    from parts p
    join pg_catalog.pg_depend d on d.classid = p.classid and d.objid = p.objid
    left join pg_catalog.pg_type y on d.refclassid = 'pg_catalog.pg_type'::regclass and y.oid = d.refobjid
    join pg_catalog.pg_depend m on m.deptype = 'e' and m.refclassid = 'pg_catalog.pg_extension'::regclass and m.classid = d.refclassid
        and m.objid = case when y.typcategory = 'A' and y.typelem <> 0 then y.typelem else d.refobjid end
    join pg_catalog.pg_extension x on x.oid = m.refobjid
), types as (
    select distinct y.typname as name, n.nspname as schema
    from pg_catalog.pg_attribute t
    join pg_catalog.pg_type given on given.oid = t.atttypid
    join pg_catalog.pg_type y on y.oid = case when given.typcategory = 'A' and given.typelem <> 0 then given.typelem else given.oid end
    join pg_catalog.pg_namespace n on n.oid = y.typnamespace
    where t.attrelid in (select oid from tables) and t.attnum > 0 and not t.attisdropped
        and n.nspname <> 'pg_catalog' and pg_catalog.pg_type_is_visible(y.oid)
)
select json_build_object(
    'database', current_database(),
    'server', current_setting('server_version'),
    'me', current_user,
    'there', exists (select from asked),
    'ledger', to_regclass('freehold.object') is not null and has_table_privilege(to_regclass('freehold.object'), 'select'),
    'tables', coalesce((select json_agg(json_build_object('schema', schema, 'name', name, 'owner', owner, 'columns', columns, 'why', why) order by name) from tables), '[]'),
    'enums', coalesce((select json_agg(json_build_object('schema', schema, 'name', name, 'owner', owner) order by name) from enums), '[]'),
    'types', coalesce((select json_agg(json_build_object('name', name, 'schema', schema)) from types), '[]'),
    'used', coalesce((select json_agg(json_build_object('extension', u.extname, 'table', t.name)) from used u join tables t on t.oid = u.owner), '[]'),
    'elsewhere', coalesce((
        select json_agg(json_build_object('schema', n.nspname, 'tables', o.tables, 'others', o.others) order by n.nspname)
        from pg_catalog.pg_namespace n
        cross join lateral (
            select
                (select count(*) from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p')
                    and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid)) as tables,
                (select count(*) from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind in ('v', 'm', 'f', 'c', 'S')
                    and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid))
                + (select count(*) from pg_catalog.pg_proc c where c.pronamespace = n.oid
                    and not exists (select from members m where m.classid = 'pg_catalog.pg_proc'::regclass and m.objid = c.oid))
                + (select count(*) from pg_catalog.pg_type c where c.typnamespace = n.oid and c.typtype in ('e', 'd', 'r')
                    and not exists (select from members m where m.classid = 'pg_catalog.pg_type'::regclass and m.objid = c.oid)) as others
        ) o
        where n.oid not in (select oid from asked) and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'freehold')
            and o.tables + o.others > 0
        ), '[]')
)

-- Comments on tables, columns, indexes, constraints, triggers, sequences, functions and enum types of the slice, and on schemas but for the
-- one that `public` comes with.
with of_relations as (
    select d.description,
        case when d.objsubid > 0 then 'column' when c.relkind in ('i', 'I') then 'index' when c.relkind = 'S' then 'sequence' else 'table' end as tag,
        n.nspname as schema,
        case when d.objsubid > 0 then c.relname when t.oid is not null then t.relname end as table_name,
        case when d.objsubid > 0 then a.attname else c.relname end as name
    from (
        select unnest(current_setting('freehold.tables')::oid[] || current_setting('freehold.sequences')::oid[]) as oid
        union all
        select indexrelid from pg_catalog.pg_index where indrelid = any (current_setting('freehold.tables')::oid[])
    ) slice
    join pg_catalog.pg_description d on d.objoid = slice.oid and d.classoid = 'pg_catalog.pg_class'::regclass
    join pg_catalog.pg_class c on c.oid = d.objoid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    left join pg_catalog.pg_class t on t.oid = i.indrelid
    left join pg_catalog.pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
), of_constraints as (
    select d.description,
        case k.contype when 'p' then 'key' when 'u' then 'key' when 'c' then 'check' when 'x' then 'exclusion' else 'foreign_key' end as tag,
        n.nspname as schema, c.relname as table_name, k.conname as name
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_description d on d.objoid = k.oid and d.classoid = 'pg_catalog.pg_constraint'::regclass
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where k.conrelid = any (current_setting('freehold.tables')::oid[]) and k.contype in ('p', 'u', 'c', 'x', 'f')
), of_triggers as (
    select d.description, 'trigger' as tag, n.nspname as schema, c.relname as table_name, g.tgname as name
    from pg_catalog.pg_trigger g
    join pg_catalog.pg_description d on d.objoid = g.oid and d.classoid = 'pg_catalog.pg_trigger'::regclass
    join pg_catalog.pg_class c on c.oid = g.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where g.tgrelid = any (current_setting('freehold.tables')::oid[]) and not g.tgisinternal
), of_types as (
    select d.description, 'enum' as tag, n.nspname as schema, null::name as table_name, t.typname as name
    from pg_catalog.pg_type t
    join pg_catalog.pg_description d on d.objoid = t.oid and d.classoid = 'pg_catalog.pg_type'::regclass
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.oid = any (current_setting('freehold.types')::oid[]) and t.typtype = 'e'
), of_functions as (
    select d.description, 'function' as tag, n.nspname as schema, null::name as table_name, p.proname as name,
        array(select coalesce(current_setting('freehold.aside')::jsonb ->> t.type::text, '') || pg_catalog.format_type(t.type, null) from unnest(p.proargtypes::oid[]) with ordinality t (type, position) order by t.position) as arguments
    from pg_catalog.pg_proc p
    join pg_catalog.pg_description d on d.objoid = p.oid and d.classoid = 'pg_catalog.pg_proc'::regclass
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.oid = any (current_setting('freehold.functions')::oid[])
), of_schemas as (
    select d.description, 'schema' as tag, null::name as schema, null::name as table_name, n.nspname as name
    from pg_catalog.pg_namespace n
    join pg_catalog.pg_description d on d.objoid = n.oid and d.classoid = 'pg_catalog.pg_namespace'::regclass
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and (n.nspname, d.description) <> ('public', 'standard public schema')
)
select json_agg(json_build_object(
    'on', json_build_object('tag', o.tag, 'schema', o.schema, 'table', o.table_name, 'name', o.name, 'arguments', o.arguments),
    'text', o.description
))
from (
    select *, null::text[] as arguments from of_relations
    union all select *, null from of_constraints
    union all select *, null from of_triggers
    union all select *, null from of_types
    union all select *, null from of_schemas
    union all select * from of_functions
) o

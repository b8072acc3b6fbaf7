-- What a plan must know of columns that are to change: how many rows have no value, whether the server turns the old type into the new one by
-- itself, and what stands on the column that no change of its type may pass by.
with wanted as (
    select w.schema, w.name, w.col, w.type, w.count_nulls, a.attrelid, a.attnum, a.atttypid
    from json_to_recordset({}) w (schema name, name name, col name, type text, count_nulls boolean)
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = w.col and not a.attisdropped
)
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', w.schema, 'name', w.name),
    'column', w.col,
    'nulls', coalesce((xpath('/row/rows/text()', look.answer))[1]::text::int8, 0),
    'convertible', w.type is null or to_type.oid is null or to_type.oid = w.atttypid
        or exists (select from pg_catalog.pg_cast k where k.castsource = w.atttypid and k.casttarget = to_type.oid and k.castcontext <> 'e')
        or (to_type.typcategory = 'S' and to_type.oid <> 'name'::regtype)
        or (from_type.typelem <> 0 and to_type.typelem <> 0 and exists (
            select from pg_catalog.pg_cast k where k.castsource = from_type.typelem and k.casttarget = to_type.typelem and k.castcontext <> 'e')),
    'leaning', case when w.type is null then '[]' else (
        select coalesce(json_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, 0)), '[]')
        from (
            select 'pg_class'::regclass as classid, r.ev_class as objid
            from pg_catalog.pg_depend x join pg_catalog.pg_rewrite r on r.oid = x.objid
            where x.classid = 'pg_rewrite'::regclass and x.refclassid = 'pg_class'::regclass
                and x.refobjid = w.attrelid and x.refobjsubid = w.attnum
            union
            select x.classid, x.objid
            from pg_catalog.pg_depend x
            where x.classid in ('pg_policy'::regclass, 'pg_trigger'::regclass) and x.refclassid = 'pg_class'::regclass
                and x.refobjid = w.attrelid and x.refobjsubid = w.attnum
        ) d) end
)), '[]')
from wanted w
join pg_catalog.pg_type from_type on from_type.oid = w.atttypid
left join pg_catalog.pg_type to_type on to_type.oid = pg_catalog.to_regtype(w.type)
cross join lateral (
    select case when w.count_nulls and pg_catalog.has_table_privilege(w.attrelid, 'select') then pg_catalog.query_to_xml(format(
        'select count(*) as rows from (select from %I.%I where %I is null limit %s) looked', w.schema, w.name, w.col, {} + 1), false, true, '') end as answer
) look

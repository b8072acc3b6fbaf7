-- What a plan must know of columns that are to change: how many rows have no value, how many have one that the new type has no place for, whether
-- the server turns the old type into the new one by itself, and whether the two are of one family, so that operators and literals mean the same.
with wanted as (
    select w.schema, w.name, w.col, w.type, w.count_nulls, w.misfit, a.attrelid, a.atttypid
    from json_to_recordset({}) w (schema name, name name, col name, type text, count_nulls boolean, misfit text)
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = w.col and not a.attisdropped
)
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', w.schema, 'name', w.name),
    'column', w.col,
    'nulls', coalesce((xpath('/row/rows/text()', look.nulls))[1]::text::int8, 0),
    'misfits', coalesce((xpath('/row/rows/text()', look.misfits))[1]::text::int8, 0),
    -- A type that is not there yet has no casts by the time that it is.
    'convertible', w.type is null or coalesce(to_type.oid = w.atttypid
        or exists (select from pg_catalog.pg_cast k where k.castsource = w.atttypid and k.casttarget = to_type.oid and k.castcontext <> 'e')
        or (to_type.typcategory = 'S' and to_type.oid <> 'name'::regtype)
        or (from_type.typelem <> 0 and to_type.typelem <> 0 and exists (
            select from pg_catalog.pg_cast k where k.castsource = from_type.typelem and k.casttarget = to_type.typelem and k.castcontext <> 'e')), false),
    'other_family', w.type is not null and to_type.oid is distinct from w.atttypid
        and (to_type.typcategory is distinct from from_type.typcategory or from_type.typcategory not in ('S', 'N', 'D')
            -- What is not the server's own has operators of its own.
            or greatest(to_type.oid::int8, w.atttypid::int8) >= 16384)
)), '[]')
from wanted w
join pg_catalog.pg_type from_type on from_type.oid = w.atttypid
left join pg_catalog.pg_type to_type on to_type.oid = pg_catalog.to_regtype(w.type)
cross join lateral (
    select
        case when w.count_nulls and readable then pg_catalog.query_to_xml(format(
            'select count(*) as rows from (select from %I.%I where %I is null limit %s) looked', w.schema, w.name, w.col, {} + 1), false, true, '') end as nulls,
        case when w.misfit is not null and readable then pg_catalog.query_to_xml(format(
            'select count(*) as rows from (select from (select %I as held from %I.%I) rows where %s limit %s) looked', w.col, w.schema, w.name, w.misfit, {} + 1), false, true, '') end as misfits
    from pg_catalog.has_table_privilege(w.attrelid, 'select') as readable
) look

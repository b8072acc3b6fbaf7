-- What keeps a type from being made anew and no object of the slice shows: rights on it and on the functions that go and come with it, keys of
-- partitions; and the tables that inherit their columns, which follow their parents.
select json_build_object(
    'held', (
        select coalesce(json_agg(h.text order by h.text), '[]')
        from (
            select 'rights that were given on the type' as text from pg_catalog.pg_type t where t.oid = own.oid and t.typacl is not null
            union all
            select format('rights that were given on the function %s', p.oid::regprocedure)
            from json_array_elements_text(own.functions) f (called) join pg_catalog.pg_proc p on p.oid = to_regprocedure(f.called)
            where p.proacl is not null
            union all
            select format('the partitions of %s, which it divides,', p.partrelid::regclass)
            from pg_catalog.pg_partitioned_table p join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::int2[])
            where a.atttypid in (own.oid, own.list)
        ) h),
    'heirs', (
        select coalesce(json_agg(distinct jsonb_build_object('schema', n.nspname, 'name', c.relname)), '[]')
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_class c on c.oid = a.attrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where a.atttypid in (own.oid, own.list) and not a.attisdropped and a.attinhcount > 0)
)
from (
    select t.oid, t.typarray as list, w.functions
    from (select {} as name, {}::json as functions) w
    left join pg_catalog.pg_type t on t.oid = to_regtype(w.name)
) own

-- Primary keys and unique constraints. Fields read through to_jsonb are not in the catalog of every version.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', k.conname,
    'primary', k.contype = 'p',
    'columns', col.keys,
    'include', col.included,
    'nulls_not_distinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
    'period', coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false),
    'timing', case when k.condeferred then 'deferred' when k.condeferrable then 'deferrable' else 'immediate' end
))
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_index i on i.indexrelid = k.conindid
cross join lateral (
    select json_agg(a.attname order by u.position) filter (where u.position <= i.indnkeyatts) as keys,
        coalesce(json_agg(a.attname order by u.position) filter (where u.position > i.indnkeyatts), '[]') as included
    from unnest(i.indkey::int2[]) with ordinality u (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
) col
where k.conrelid = any (current_setting('freehold.tables')::oid[]) and k.contype in ('p', 'u')

-- Foreign keys of the slice's tables; those of others that point at them are not ours. Fields read through to_jsonb are not in the
-- catalog of every version.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', k.conname,
    'columns', (
        select json_agg(a.attname order by u.position)
        from unnest(k.conkey) with ordinality u (attnum, position)
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum),
    'parent', json_build_object('schema', pn.nspname, 'name', p.relname),
    'parent_columns', (
        select json_agg(a.attname order by u.position)
        from unnest(k.confkey) with ordinality u (attnum, position)
        join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum),
    'match_full', k.confmatchtype = 'f',
    'on_delete', case k.confdeltype when 'a' then 'no_action' when 'r' then 'restrict' when 'c' then 'cascade'
        when 'n' then 'set_null' when 'd' then 'set_default' end,
    'on_delete_columns', case when k.confdeltype in ('n', 'd') then coalesce((
        select json_agg(a.attname order by u.position)
        from jsonb_array_elements_text(case jsonb_typeof(to_jsonb(k) -> 'confdelsetcols')
            when 'array' then to_jsonb(k) -> 'confdelsetcols' else '[]' end) with ordinality u (attnum, position)
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum::int2), '[]') else '[]' end,
    'on_update', case k.confupdtype when 'a' then 'no_action' when 'r' then 'restrict' when 'c' then 'cascade'
        when 'n' then 'set_null' when 'd' then 'set_default' end,
    'timing', case when k.condeferred then 'deferred' when k.condeferrable then 'deferrable' else 'immediate' end,
    'not_valid', not k.convalidated,
    'unenforced', coalesce(not (to_jsonb(k) ->> 'conenforced')::boolean, false),
    'period', coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false)
))
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = k.confrelid
join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
where k.conrelid = any (current_setting('freehold.tables')::oid[]) and k.contype = 'f' and k.conparentid = 0

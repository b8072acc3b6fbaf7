-- Indexes that no constraint owns. Structure comes from the catalog's columns; only expressions are printed by the server.
-- The field read through to_jsonb is not in the catalog of every version.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', ic.relname,
    'unique', i.indisunique,
    'method', am.amname,
    'elements', el.list,
    'include', inc.list,
    'nulls_not_distinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
    'with', coalesce((
        select json_agg(json_build_array(split_part(o.text, '=', 1), substr(o.text, strpos(o.text, '=') + 1)) order by o.place)
        from unnest(ic.reloptions) with ordinality o (text, place)), '[]'),
    'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
    'state', case when i.indisvalid and i.indisready then 'valid'
        when ic.relkind = 'I' then 'unattached'
        when exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid) then 'building'
        else 'invalid' end
))
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = ic.relam
cross join lateral (
    select json_agg(json_build_object(
        'on', case when u.attnum = 0
            then json_build_object('expression', pg_catalog.pg_get_indexdef(i.indexrelid, u.position::int, false))
            else json_build_object('column', a.attname) end,
        'collation', case when u.coll not in (0, coalesce(a.attcollation, 100))
            and (u.attnum <> 0 or pg_catalog.pg_get_indexdef(i.indexrelid) like '% COLLATE %') then (
            select json_build_object('schema', case when not pg_catalog.pg_collation_is_visible(o.oid) then m.nspname end, 'name', o.collname)
            from pg_catalog.pg_collation o join pg_catalog.pg_namespace m on m.oid = o.collnamespace where o.oid = u.coll) end,
        'class', (
            select json_build_object(
                'name', json_build_object('schema', case when not pg_catalog.pg_opclass_is_visible(oc.oid) then m.nspname end, 'name', oc.opcname),
                'default', oc.opcdefault)
            from pg_catalog.pg_opclass oc join pg_catalog.pg_namespace m on m.oid = oc.opcnamespace where oc.oid = u.class),
        'descending', u.option & 1 = 1,
        'nulls_first', u.option & 2 = 2
    ) order by u.position) as list
    from unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
        with ordinality u (attnum, class, coll, option, position)
    left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum and u.attnum <> 0
    where u.position <= i.indnkeyatts
) el
cross join lateral (
    select coalesce(json_agg(a.attname order by u.position), '[]') as list
    from unnest(i.indkey::int2[]) with ordinality u (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
    where u.position > i.indnkeyatts
) inc
where i.indrelid = any (current_setting('freehold.tables')::oid[])
    and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x'))

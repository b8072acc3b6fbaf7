-- Exclusion constraints: the elements of their index, each with the operator that must not hold.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', k.conname,
    'method', am.amname,
    'elements', el.list,
    'operators', el.operators,
    'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
    'timing', case when k.condeferred then 'deferred' when k.condeferrable then 'deferrable' else 'immediate' end
))
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_index i on i.indexrelid = k.conindid
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
    ) order by u.position) as list,
    json_agg(case when pg_catalog.pg_operator_is_visible(op.oid) then op.oprname::text
        else format('operator(%I.%s)', opn.nspname, op.oprname) end order by u.position) as operators
    from unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[], k.conexclop)
        with ordinality u (attnum, class, coll, option, operator, position)
    left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum and u.attnum <> 0
    join pg_catalog.pg_operator op on op.oid = u.operator
    join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace
    where u.position <= i.indnkeyatts
) el
where k.conrelid = any (current_setting('freehold.tables')::oid[]) and k.contype = 'x'

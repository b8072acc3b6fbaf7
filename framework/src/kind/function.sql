-- Functions of the slice. A body in standard SQL has no text of its own; the server prints it. A setting is kept as `name=value`.
-- The field read through to_jsonb is not in the catalog of every version.
select json_agg(json_build_object(
    'name', json_build_object('schema', n.nspname, 'name', p.proname),
    'arguments', a.list,
    'returns', case
        when 't' = any (p.proargmodes) then json_build_object('table', a.columns)
        when p.proretset then json_build_object('set', coalesce(current_setting('freehold.aside')::jsonb ->> p.prorettype::text, '') || pg_catalog.format_type(p.prorettype, null))
        else json_build_object('one', coalesce(current_setting('freehold.aside')::jsonb ->> p.prorettype::text, '') || pg_catalog.format_type(p.prorettype, null)) end,
    'language', l.lanname,
    'volatility', case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end,
    'strict', p.proisstrict,
    'leakproof', p.proleakproof,
    'security_definer', p.prosecdef,
    'parallel', case p.proparallel when 'u' then 'unsafe' when 'r' then 'restricted' else 'safe' end,
    'cost', p.procost,
    'rows', p.prorows,
    'settings', coalesce((
        select json_object_agg(lower(split_part(s, '=', 1)), substr(s, strpos(s, '=') + 1)) from unnest(p.proconfig) s), '{}'),
    'body', case when to_jsonb(p) ->> 'prosqlbody' is null then p.prosrc else pg_catalog.pg_get_functiondef(p.oid) end
))
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
cross join lateral (
    select coalesce(json_agg(json_build_object(
            'mode', case u.mode when 'o' then 'out' when 'b' then 'inout' when 'v' then 'variadic' else 'in' end,
            'name', nullif(u.name, ''),
            'type', coalesce(current_setting('freehold.aside')::jsonb ->> u.type::text, '') || pg_catalog.format_type(u.type, null),
            'default', pg_catalog.pg_get_function_arg_default(p.oid, u.position::int)
        ) order by u.position) filter (where coalesce(u.mode, 'i') <> 't'), '[]') as list,
        json_agg(json_build_array(u.name, coalesce(current_setting('freehold.aside')::jsonb ->> u.type::text, '') || pg_catalog.format_type(u.type, null)) order by u.position) filter (where u.mode = 't') as columns
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames) with ordinality u (type, mode, name, position)
    where u.type is not null
) a
where p.oid = any (current_setting('freehold.functions')::oid[])

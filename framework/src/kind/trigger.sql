-- Triggers that somebody made; those of foreign keys and those that a partition has from its parent are not.
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'name', g.tgname,
    'constraint', case when g.tgconstraint <> 0 then
        case when g.tginitdeferred then 'deferred' when g.tgdeferrable then 'deferrable' else 'immediate' end end,
    'from', case when g.tgconstrrelid <> 0 then (
        select json_build_object('schema', m.nspname, 'name', o.relname)
        from pg_catalog.pg_class o join pg_catalog.pg_namespace m on m.oid = o.relnamespace where o.oid = g.tgconstrrelid) end,
    'moment', case when g.tgtype & 2 <> 0 then 'before' when g.tgtype & 64 <> 0 then 'instead_of' else 'after' end,
    'events', to_json(array_remove(array[
        case when g.tgtype & 4 <> 0 then '"insert"' end,
        case when g.tgtype & 8 <> 0 then '"delete"' end,
        case when g.tgtype & 16 <> 0 then json_build_object('update', coalesce((
            select json_agg(a.attname order by u.position) from unnest(g.tgattr::int2[]) with ordinality u (attnum, position)
            join pg_catalog.pg_attribute a on a.attrelid = g.tgrelid and a.attnum = u.attnum), '[]'))::text end,
        case when g.tgtype & 32 <> 0 then '"truncate"' end], null)::json[]),
    'old_table', g.tgoldtable,
    'new_table', g.tgnewtable,
    'each_row', g.tgtype & 1 = 1,
    -- Only the whole definition has it: the printer of expressions takes no two tables.
    'condition', case when g.tgqual is not null then
        substring(pg_catalog.pg_get_triggerdef(g.oid) from ' FOR EACH (?:ROW|STATEMENT) WHEN \((.*)\) EXECUTE (?:FUNCTION|PROCEDURE) ') end,
    'function', json_build_object('schema', case when not pg_catalog.pg_function_is_visible(p.oid) then f.nspname end, 'name', p.proname),
    'arguments', coalesce((
        select json_agg(convert_from(decode(replace(argument, ' ', ''), 'hex'), getdatabaseencoding()) order by position)
        from regexp_split_to_table(regexp_replace(encode(g.tgargs, 'hex'), '(..)', '\1 ', 'g'), '00 ') with ordinality a (argument, position)
        where position <= g.tgnargs), '[]'),
    'firing', case g.tgenabled when 'O' then 'origin' when 'R' then 'replica' when 'A' then 'always' else 'disabled' end
))
from pg_catalog.pg_trigger g
join pg_catalog.pg_class c on c.oid = g.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc p on p.oid = g.tgfoid
join pg_catalog.pg_namespace f on f.oid = p.pronamespace
where g.tgrelid = any (current_setting('freehold.tables')::oid[]) and not g.tgisinternal and g.tgparentid = 0

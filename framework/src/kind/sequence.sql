-- Sequences of the slice. One that an identity column owns cannot stand by itself, and is somebody else's.
select json_agg(json_build_object(
    'name', json_build_object('schema', n.nspname, 'name', c.relname),
    'type', pg_catalog.format_type(s.seqtypid, null),
    'start', s.seqstart,
    'increment', s.seqincrement,
    'min', s.seqmin,
    'max', s.seqmax,
    'cache', s.seqcache,
    'cycle', s.seqcycle,
    'unlogged', c.relpersistence = 'u',
    'owned_by', o.owner
))
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
    select json_build_object('table', json_build_object('schema', m.nspname, 'name', t.relname), 'column', a.attname) as owner
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class t on t.oid = d.refobjid
    join pg_catalog.pg_namespace m on m.oid = t.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype = 'a'
    limit 1
) o on true
where s.seqrelid = any (current_setting('freehold.sequences')::oid[])

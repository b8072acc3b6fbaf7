-- Enum types with their values in order. text, not name: a label may not be cut at 63 bytes on the way out.
select json_agg(json_build_object('name', json_build_object('schema', n.nspname, 'name', t.typname), 'labels', l.labels))
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
cross join lateral (
    select json_agg(e.enumlabel::text order by e.enumsortorder) as labels
    from pg_catalog.pg_enum e
    where e.enumtypid = t.oid
) l
where t.oid = any (current_setting('freehold.types')::oid[]) and t.typtype = 'e'

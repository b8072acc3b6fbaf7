-- Which role owns each object, and what another one, which is to change or own it, may do about that. Each is asked for by its kind and its name.
select coalesce(json_agg(json_build_object(
    'at', w.at - 1,
    'owner', pg_catalog.pg_get_userbyid(o.owner),
    'actor', r.rolname,
    'member', pg_catalog.pg_has_role(r.oid, o.owner, 'usage'),
    'create', pg_catalog.has_schema_privilege(r.oid, o.space, 'create')) order by w.at), '[]')
from json_array_elements({}::json) with ordinality w (object, at)
join pg_catalog.pg_roles r on r.rolname = coalesce({}, current_user)
cross join lateral (
    select c.relowner, c.relnamespace from pg_catalog.pg_class c
    where w.object ->> 0 in ('table', 'sequence') and c.oid = to_regclass(w.object ->> 1)
    union all
    select p.proowner, p.pronamespace from pg_catalog.pg_proc p
    where w.object ->> 0 = 'function' and p.oid = to_regprocedure(w.object ->> 1)
    union all
    select t.typowner, t.typnamespace from pg_catalog.pg_type t where w.object ->> 0 = 'enum' and t.oid = to_regtype(w.object ->> 1)
) o (owner, space)

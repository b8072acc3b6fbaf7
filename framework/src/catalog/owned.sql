-- Objects that belong to a role for which another one, which is to change them, may not act. Each is asked for by its kind and its name.
select coalesce(json_agg(json_build_object(
    'at', w.at - 1,
    'owner', quote_ident(pg_catalog.pg_get_userbyid(o.owner)),
    'actor', quote_ident(r.rolname)) order by w.at), '[]')
from json_array_elements({}::json) with ordinality w (object, at)
join pg_catalog.pg_roles r on r.rolname = coalesce({}, current_user)
cross join lateral (
    select c.relowner from pg_catalog.pg_class c
    where w.object ->> 0 in ('table', 'sequence') and c.oid = to_regclass(w.object ->> 1)
    union all
    select p.proowner from pg_catalog.pg_proc p where w.object ->> 0 = 'function' and p.oid = to_regprocedure(w.object ->> 1)
    union all
    select t.typowner from pg_catalog.pg_type t where w.object ->> 0 = 'enum' and t.oid = to_regtype(w.object ->> 1)
) o (owner)
where not pg_catalog.pg_has_role(r.oid, o.owner, 'usage')

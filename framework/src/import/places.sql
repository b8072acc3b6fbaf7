-- The schemas of the database that are anybody's own, with how much stands in each. Members of extensions are the extensions' own.
with members as not materialized (
    select classid, objid from pg_catalog.pg_depend where deptype = 'e'
)
select coalesce(json_agg(json_build_object(
    'schema', n.nspname, 'owner', pg_catalog.pg_get_userbyid(n.nspowner), 'tables', o.tables, 'others', o.others,
    'brought', exists (select from members m where m.classid = 'pg_catalog.pg_namespace'::regclass and m.objid = n.oid)) order by n.nspname), '[]')
from pg_catalog.pg_namespace n
cross join lateral (
    select
        (select count(*) from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p')
            and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid)) as tables,
        (select count(*) from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind in ('v', 'm', 'f', 'c', 'S')
            and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid))
        + (select count(*) from pg_catalog.pg_proc c where c.pronamespace = n.oid
            and not exists (select from members m where m.classid = 'pg_catalog.pg_proc'::regclass and m.objid = c.oid))
        + (select count(*) from pg_catalog.pg_type c where c.typnamespace = n.oid and c.typtype in ('e', 'd', 'r')
            and not exists (select from members m where m.classid = 'pg_catalog.pg_type'::regclass and m.objid = c.oid)) as others
) o
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'freehold')

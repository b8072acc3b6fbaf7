-- The rights of every role and of everybody on the slice's tables and on their columns, but for those of owners, which nobody gave them.
with given as (
    select c.oid, a.grantee, lower(a.privilege_type) as privilege, null::name as column_name
    from pg_catalog.pg_class c cross join lateral pg_catalog.aclexplode(c.relacl) a
    where c.oid = any (current_setting('freehold.tables')::oid[]) and a.grantee <> c.relowner
    union all
    select t.attrelid, a.grantee, lower(a.privilege_type), t.attname
    from pg_catalog.pg_attribute t cross join lateral pg_catalog.aclexplode(t.attacl) a
    where t.attrelid = any (current_setting('freehold.tables')::oid[]) and t.attnum > 0 and not t.attisdropped
), by_right as (
    select oid, grantee, privilege, coalesce(json_agg(column_name order by column_name) filter (where column_name is not null), '[]') as columns
    from given group by oid, grantee, privilege, column_name is null
)
select json_agg(json_build_object(
    'table', json_build_object('schema', n.nspname, 'name', c.relname), 'grantee', coalesce(r.rolname, 'public'), 'role', coalesce(r.rolname, 'public'),
    'privileges', g.list))
from (
    select oid, grantee, json_agg(json_build_object('right', privilege, 'columns', columns) order by privilege) as list
    from by_right group by oid, grantee
) g
join pg_catalog.pg_class c on c.oid = g.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_roles r on r.oid = g.grantee
where g.grantee = 0 or r.oid is not null

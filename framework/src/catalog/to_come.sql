-- The rights on tables that do not stand yet, by default privileges: of the schema and of all schemas.
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', w.schema, 'name', w.name), 'grantee', g.role, 'role', g.role, 'privileges', g.rights)), '[]')
from json_to_recordset({}) w (schema name, name name)
cross join lateral (
    select coalesce(r.rolname, 'public') as role,
        json_agg(distinct jsonb_build_object('right', lower(a.privilege_type))) as rights
    from pg_catalog.pg_default_acl d
    cross join pg_catalog.aclexplode(d.defaclacl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where d.defaclobjtype = 'r' and d.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
        and d.defaclnamespace in (0, coalesce(pg_catalog.to_regnamespace(quote_ident(w.schema))::oid, 0)) and a.grantee <> d.defaclrole
    group by 1
) g

-- Every installed extension: they belong to the database, not to a slice.
select json_agg(json_build_object('name', e.extname, 'version', e.extversion, 'schema', n.nspname))
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace

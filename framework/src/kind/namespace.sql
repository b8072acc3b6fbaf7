-- Every schema but the server's own: they belong to the database, not to a slice.
select json_agg(json_build_object('name', n.nspname))
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'

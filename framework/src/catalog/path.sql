-- From here until the session ends, the schemas that the declared extensions are in are looked into last: whoever installed them chose
-- where, and their types and functions are written without it. Asked again, it adds nothing.
select set_config('search_path', array_to_string(path.parts || array(
    select distinct x.schema from (
        select quote_ident(coalesce(n.nspname, w.schema)) as schema
        from json_to_recordset({}) w (name name, schema name)
        left join pg_catalog.pg_extension e on e.extname = w.name
        left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    ) x
    where x.schema <> all (path.parts || array['pg_catalog']) order by x.schema), ', '), false)
from (select string_to_array(current_setting('search_path'), ', ') as parts) path

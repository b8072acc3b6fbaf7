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
from (select string_to_array(current_setting('search_path'), ', ') as parts) path;
-- What stands in those schemas and is no extension's is written with its schema nevertheless, as in any other one: the types that lose it
-- when the server prints them, by their ids.
select set_config('freehold.aside', (
    select coalesce(json_object_agg(y.oid, quote_ident(n.nspname) || '.'), json_build_object())::text
    from (select string_to_array(current_setting('search_path'), ', ') as parts) path
    join pg_catalog.pg_namespace n on quote_ident(n.nspname) = any (path.parts[2:]) and n.nspname <> 'public'
    join pg_catalog.pg_type y on y.typnamespace = n.oid and pg_catalog.pg_type_is_visible(y.oid)
    join pg_catalog.pg_type e on e.oid = case when y.typcategory = 'A' and y.typelem <> 0 then y.typelem else y.oid end
    where not exists (
        select from pg_catalog.pg_depend d where d.deptype = 'e'
            and (d.classid, d.objid) in (('pg_catalog.pg_type'::regclass, e.oid), ('pg_catalog.pg_class'::regclass, e.typrelid)))
), false)

-- What the server has the files of, of the extensions that are asked for: the version that it would make, and what each needs that is not there.
select coalesce(json_agg(json_build_object(
    'name', e.name,
    'version', e.default_version,
    'needs', (
        select coalesce(json_agg(n.name order by n.name), '[]') from unnest(v.requires) n (name)
        where not exists (select from pg_catalog.pg_extension x where x.extname = n.name)))), '[]')
from pg_catalog.pg_available_extensions e
join pg_catalog.pg_available_extension_versions v on v.name = e.name and v.version = e.default_version
where e.name in (select json_array_elements_text({}::json))

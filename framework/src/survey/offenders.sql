-- The columns of a table that this role may read, and those of its primary key; nothing when there is no such table.
select json_build_object(
    'columns', array(select a.attname from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')),
    'key', array(select a.attname
        from pg_catalog.pg_index i
        cross join unnest(i.indkey::pg_catalog.int2[]) with ordinality k (attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = c.oid and i.indisprimary order by k.place))
from pg_catalog.pg_class c
where c.oid = pg_catalog.to_regclass({})

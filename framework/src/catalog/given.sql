-- The last number that each of these sequences gave out, or that of a column; nothing of one that gave none, or that may not be read.
select coalesce(json_agg(json_build_object('position', w.position, 'given', g.given)), '[]')
from json_to_recordset({}) w (position int8, schema name, name name, col name)
cross join lateral (
    select case when w.col is null then to_regclass(format('%I.%I', w.schema, w.name))
        else pg_catalog.pg_get_serial_sequence(format('%I.%I', w.schema, w.name), w.col::text)::regclass end as oid
) q
cross join lateral (
    select case when pg_catalog.has_sequence_privilege(q.oid, 'select') then pg_catalog.pg_sequence_last_value(q.oid) end as given
) g
where g.given is not null

-- What already bears a name, in the schema where a table is to go, that the table or what moves with it bears: its indexes and sequences.
select coalesce(json_agg(json_build_object('id', w.id, 'name', t.relname) order by w.id, t.relname), '[]')
from json_to_recordset({}) w (id int, name text, attic text)
cross join lateral (
    select c.relname from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass(w.name)
    union
    select x.relname from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
    where i.indrelid = pg_catalog.to_regclass(w.name)
    union
    select s.relname from pg_catalog.pg_depend d join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
        and d.refobjid = pg_catalog.to_regclass(w.name) and d.deptype in ('a', 'i')
) mine
join pg_catalog.pg_class t on t.relname = mine.relname and t.relnamespace = pg_catalog.to_regnamespace(w.attic)

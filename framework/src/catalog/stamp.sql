-- The catalog stamp: a hash over the row versions of everything that a slice consists of. Any DDL on it moves it; ANALYZE, VACUUM and row
-- changes do not. Tables, types, and parts of tables (indexes and constraints) and sequences and functions by id, from a row `t`.
--
-- Defaults are not looked at: setting or dropping one always writes the column's row in pg_attribute too. A part is looked for twice: by its id, for
-- its name and comment, and by its table, so that one more or one less is seen.
--
-- One sum for all catalogs: a new session prepares each of its aggregates anew, which costs more than the rows do. What a row is comes from its
-- catalog and its place in it, so that rows of two catalogs do not stand for each other.
select md5((select concat(count(*), ':', sum(hashint8extended(v.xmin::text::int8, (v.tableoid::int8 << 48) + v.place))) from (
    select c.xmin, c.tableoid, c.oid::int8 as place from pg_catalog.pg_class c where c.oid = any (t.tables || t.parts)
    union all select a.xmin, a.tableoid, a.attrelid::int8 * 2000 + a.attnum from pg_catalog.pg_attribute a where a.attrelid = any (t.tables) and a.attnum > 0
    union all select k.xmin, k.tableoid, k.oid::int8 from pg_catalog.pg_constraint k where k.conrelid = any (t.tables)
    union all select i.xmin, i.tableoid, i.indexrelid::int8 * 4 + i.indisvalid::int * 2 + i.indisready::int from pg_catalog.pg_index i where i.indrelid = any (t.tables)
    union all select g.xmin, g.tableoid, g.oid::int8 from pg_catalog.pg_trigger g where g.tgrelid = any (t.tables)
    union all select y.xmin, y.tableoid, y.oid::int8 from pg_catalog.pg_type y where y.oid = any (t.types)
    union all select e.xmin, e.tableoid, e.oid::int8 from pg_catalog.pg_enum e where e.enumtypid = any (t.types)
    union all select p.xmin, p.tableoid, p.oid::int8 from pg_catalog.pg_proc p where p.oid = any (t.parts)
    union all select s.xmin, s.tableoid, s.seqrelid::int8 from pg_catalog.pg_sequence s where s.seqrelid = any (t.parts)
    union all select d.xmin, d.tableoid, d.objoid::int8 * 2000 + d.objsubid from pg_catalog.pg_description d where d.objoid = any (t.tables || t.types || t.parts)
) v))

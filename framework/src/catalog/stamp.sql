-- The catalog stamp: a hash over the row versions of everything that a slice consists of. Any DDL on it moves it; ANALYZE, VACUUM and row
-- changes do not. Tables, types, and parts of tables (indexes and constraints) and sequences and functions by id, from a row `t`.
--
-- Defaults are not looked at: setting or dropping one always writes the column's row in pg_attribute too. A part is looked for twice: by its id, for
-- its name and comment, and by its table, so that one more or one less is seen.
select md5(concat_ws(',',
    (select concat(count(*), ':', sum(hashint8extended(c.xmin::text::int8, c.oid::int8))) from pg_catalog.pg_class c where c.oid = any (t.tables || t.parts)),
    (select concat(count(*), ':', sum(hashint8extended(a.xmin::text::int8, a.attrelid::int8 * 2000 + a.attnum))) from pg_catalog.pg_attribute a where a.attrelid = any (t.tables) and a.attnum > 0),
    (select concat(count(*), ':', sum(hashint8extended(k.xmin::text::int8, k.oid::int8))) from pg_catalog.pg_constraint k where k.conrelid = any (t.tables)),
    (select concat(count(*), ':', sum(hashint8extended(i.xmin::text::int8, i.indexrelid::int8 * 4 + i.indisvalid::int * 2 + i.indisready::int))) from pg_catalog.pg_index i where i.indrelid = any (t.tables)),
    (select concat(count(*), ':', sum(hashint8extended(g.xmin::text::int8, g.oid::int8))) from pg_catalog.pg_trigger g where g.tgrelid = any (t.tables)),
    (select concat(count(*), ':', sum(hashint8extended(y.xmin::text::int8, y.oid::int8))) from pg_catalog.pg_type y where y.oid = any (t.types)),
    (select concat(count(*), ':', sum(hashint8extended(e.xmin::text::int8, e.oid::int8))) from pg_catalog.pg_enum e where e.enumtypid = any (t.types)),
    (select concat(count(*), ':', sum(hashint8extended(p.xmin::text::int8, p.oid::int8))) from pg_catalog.pg_proc p where p.oid = any (t.parts)),
    (select concat(count(*), ':', sum(hashint8extended(s.xmin::text::int8, s.seqrelid::int8))) from pg_catalog.pg_sequence s where s.seqrelid = any (t.parts)),
    (select concat(count(*), ':', sum(hashint8extended(d.xmin::text::int8, d.objoid::int8 * 2000 + d.objsubid))) from pg_catalog.pg_description d where d.objoid = any (t.tables || t.types || t.parts))
))

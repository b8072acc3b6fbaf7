-- What hangs on each column of tables that are to change: parts of the same table, with whether their text names the column; and what others
-- made over it, which the server changes no column under.
select coalesce(json_agg(json_build_object(
    'table', json_build_object('schema', w.schema, 'name', w.name),
    'column', a.attname,
    'parts', (
        select coalesce(json_agg(distinct jsonb_build_object('tag', p.tag, 'name', p.name, 'by_text', p.by_text)), '[]')
        from (
            select case k.contype when 'c' then 'check' when 'x' then 'exclusion' when 'f' then 'foreign_key' else 'key' end as tag,
                k.conname as name,
                k.contype = 'c' or k.contype = 'x' and exists (
                    select from pg_catalog.pg_index i where i.indexrelid = k.conindid and (i.indexprs is not null or i.indpred is not null)) as by_text
            from pg_catalog.pg_depend x
            join pg_catalog.pg_constraint k on k.oid = x.objid and k.conrelid = a.attrelid
            -- Since PostgreSQL 18 `not null` is a constraint too; it is a part of its column.
            where k.contype <> 'n'
                and x.classid = 'pg_constraint'::regclass and x.refclassid = 'pg_class'::regclass and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
            union all
            select 'index', c.relname, i.indexprs is not null or i.indpred is not null
            from pg_catalog.pg_depend x
            join pg_catalog.pg_index i on i.indexrelid = x.objid
            join pg_catalog.pg_class c on c.oid = i.indexrelid
            where x.classid = 'pg_class'::regclass and x.refclassid = 'pg_class'::regclass and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
            union all
            select 'column', g.attname, true
            from pg_catalog.pg_depend x
            join pg_catalog.pg_attrdef d on d.oid = x.objid and d.adrelid = a.attrelid and d.adnum <> a.attnum
            join pg_catalog.pg_attribute g on g.attrelid = d.adrelid and g.attnum = d.adnum and g.attgenerated <> ''
            where x.classid = 'pg_attrdef'::regclass and x.refclassid = 'pg_class'::regclass and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
            union all
            -- Until PostgreSQL 15 it was not the expression that depended on the columns that it names, but its own column.
            select 'column', g.attname, true
            from pg_catalog.pg_depend x
            join pg_catalog.pg_attribute g on g.attrelid = x.objid and g.attnum = x.objsubid and g.attgenerated <> ''
            where x.classid = 'pg_class'::regclass and x.objid = a.attrelid and x.refclassid = 'pg_class'::regclass
                and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
            union all
            select 'trigger', t.tgname, true
            from pg_catalog.pg_depend x
            join pg_catalog.pg_trigger t on t.oid = x.objid and t.tgrelid = a.attrelid and not t.tgisinternal
            where x.classid = 'pg_trigger'::regclass and x.refclassid = 'pg_class'::regclass and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
        ) p),
    'leaning', (
        select coalesce(json_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, 0)), '[]')
        from (
            -- A view is its rule; any other rule is its own.
            select case when r.rulename = '_RETURN' then 'pg_class'::regclass else x.classid end as classid,
                case when r.rulename = '_RETURN' then r.ev_class else r.oid end as objid
            from pg_catalog.pg_depend x join pg_catalog.pg_rewrite r on r.oid = x.objid
            where x.classid = 'pg_rewrite'::regclass and x.refclassid = 'pg_class'::regclass
                and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
            union
            select x.classid, x.objid
            from pg_catalog.pg_depend x
            -- A function whose body the server has read, and what a publication leaves out.
            where x.classid in ('pg_policy'::regclass, 'pg_proc'::regclass, 'pg_publication_rel'::regclass) and x.refclassid = 'pg_class'::regclass
                and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
        ) d),
    'referring', (
        select coalesce(json_agg(r.text order by r.text), '[]')
        from (
            select format('foreign key %s of %s', k.conname, k.conrelid::regclass) as text
            from pg_catalog.pg_constraint k
            where k.contype = 'f' and k.confrelid = a.attrelid and k.conrelid <> a.attrelid and a.attnum = any (k.confkey)
            union all
            select pg_catalog.pg_describe_object(x.classid, x.objid, 0)
            from pg_catalog.pg_depend x
            where x.classid = 'pg_statistic_ext'::regclass and x.refclassid = 'pg_class'::regclass
                and x.refobjid = a.attrelid and x.refobjsubid = a.attnum
            union all
            select 'rights that were given on the column'
            where a.attacl is not null
        ) r)
)), '[]')
from json_to_recordset({}) w (schema name, name name)
join pg_catalog.pg_namespace n on n.nspname = w.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped

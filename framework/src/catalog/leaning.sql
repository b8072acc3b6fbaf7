-- What leans on objects that are to go or to be renamed: views, foreign keys of other tables, functions, columns of a type, triggers of a function,
-- what stands in a schema, what uses something of an extension.
with wanted as (
    select w.id, w.kind,
        case w.kind
            when 'enum' then 'pg_catalog.pg_type'::regclass
            when 'function' then 'pg_catalog.pg_proc'::regclass
            when 'constraint' then 'pg_catalog.pg_constraint'::regclass
            when 'schema' then 'pg_catalog.pg_namespace'::regclass
            when 'extension' then 'pg_catalog.pg_extension'::regclass
            else 'pg_catalog.pg_class'::regclass end as class,
        case w.kind
            when 'enum' then to_regtype(w.name)::oid
            when 'function' then to_regprocedure(w.name)::oid
            when 'constraint' then (select c.oid from pg_catalog.pg_constraint c where c.conrelid = to_regclass(w.name) and c.conname = w.part)
            when 'schema' then to_regnamespace(w.name)::oid
            when 'extension' then (select e.oid from pg_catalog.pg_extension e where e.extname = w.part)
            else to_regclass(w.name)::oid end as oid,
        case when w.kind = 'column' then (
            select a.attnum from pg_catalog.pg_attribute a where a.attrelid = to_regclass(w.name) and a.attname = w.part and not a.attisdropped) end as part,
        case when w.kind in ('table', 'column', 'constraint') then to_regclass(w.name)::oid end as own
    from json_to_recordset({}) w (id int, kind text, name text, part name)
), objects as (
    select id, kind, class, oid, part, own from wanted
    union all -- A type of its own goes with an enum, an array of it, and a table's rows.
    select w.id, w.kind, 'pg_catalog.pg_type'::regclass, t.oid, null, w.own
    from wanted w
    join pg_catalog.pg_type t on (w.kind = 'enum' and t.oid = (select y.typarray from pg_catalog.pg_type y where y.oid = w.oid))
        or (w.kind = 'table' and t.typrelid = w.oid)
    union all -- What an extension brought, and the arrays of its types.
    select w.id, w.kind, m.classid, m.objid, null, null
    from wanted w join pg_catalog.pg_depend m on w.kind = 'extension' and (m.refclassid, m.refobjid, m.deptype) = ('pg_catalog.pg_extension'::regclass, w.oid, 'e')
    union all
    select w.id, w.kind, 'pg_catalog.pg_type'::regclass, t.typarray, null, null
    from wanted w join pg_catalog.pg_depend m on w.kind = 'extension' and (m.refclassid, m.refobjid, m.deptype) = ('pg_catalog.pg_extension'::regclass, w.oid, 'e')
    join pg_catalog.pg_type t on m.classid = 'pg_catalog.pg_type'::regclass and t.oid = m.objid and t.typarray <> 0
    union all -- A foreign key leans on the index of the key that it refers to.
    select w.id, w.kind, 'pg_catalog.pg_class'::regclass, c.conindid, null, w.own
    from wanted w join pg_catalog.pg_constraint c on w.kind = 'constraint' and c.oid = w.oid and c.contype in ('p', 'u') and c.conindid <> 0
), dependents as (
    select distinct o.id, o.own,
        -- A view is its rule, and a domain its checks; any other rule is its own.
        case when r.rulename = '_RETURN' then 'pg_catalog.pg_class'::regclass
            when k.contypid <> 0 then 'pg_catalog.pg_type'::regclass else d.classid end as classid,
        case when r.rulename = '_RETURN' then r.ev_class when k.contypid <> 0 then k.contypid else d.objid end as objid,
        case when d.classid = 'pg_catalog.pg_class'::regclass then d.objsubid else 0 end as objsubid
    from objects o
    join pg_catalog.pg_depend d on d.refclassid = o.class and d.refobjid = o.oid and d.deptype = 'n'
        and (o.part is null or d.refobjsubid = o.part)
    left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
    left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = d.objid
    -- What belongs to something else goes where that goes: the sequence of a column, a member of an extension. A partition stays where it is.
    where o.kind not in ('schema', 'extension') or not exists (
        select from pg_catalog.pg_depend b where (b.classid, b.objid, b.objsubid) = (d.classid, d.objid, d.objsubid)
            and (b.deptype = 'e' or o.kind = 'schema' and b.deptype in ('a', 'i')) and (b.refclassid, b.refobjid) <> (o.class, o.oid)
            and not exists (
                select from pg_catalog.pg_class c where d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid and c.relkind in ('r', 'p')))
), named as (
    select d.id, d.own, d.classid, d.objid, d.objsubid, d.classid = 'pg_catalog.pg_constraint'::regclass and c.contype = 'f' as foreign_key,
        pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) as what,
        coalesce(nullif(c.conrelid, 0), f.adrelid, t.tgrelid, p.polrelid, i.indrelid, u.ev_class,
            case when d.classid = 'pg_catalog.pg_class'::regclass then d.objid end) as rel,
        coalesce(c.conname, t.tgname, u.rulename,
            (select a.attname from pg_catalog.pg_attribute a where a.attrelid = f.adrelid and a.attnum = f.adnum),
            (select a.attname from pg_catalog.pg_attribute a where d.objsubid <> 0 and a.attrelid = d.objid and a.attnum = d.objsubid),
            (select x.relname from pg_catalog.pg_class x where x.oid = i.indexrelid)) as part
    from dependents d
    left join pg_catalog.pg_constraint c on d.classid = 'pg_catalog.pg_constraint'::regclass and c.oid = d.objid
    left join pg_catalog.pg_attrdef f on d.classid = 'pg_catalog.pg_attrdef'::regclass and f.oid = d.objid
    left join pg_catalog.pg_trigger t on d.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = d.objid
    left join pg_catalog.pg_rewrite u on d.classid = 'pg_catalog.pg_rewrite'::regclass and u.oid = d.objid
    left join pg_catalog.pg_policy p on d.classid = 'pg_catalog.pg_policy'::regclass and p.oid = d.objid
    left join pg_catalog.pg_index i on d.classid = 'pg_catalog.pg_class'::regclass and i.indexrelid = d.objid
)
select coalesce(json_agg(json_build_object(
    'id', n.id, 'what', n.what, 'foreign_key', n.foreign_key, 'part', n.part,
    'also', (select w.id from wanted w where (w.class, w.oid, coalesce(w.part, 0)) = (n.classid, n.objid, n.objsubid) limit 1),
    'table', case when c.oid is not null then json_build_object('schema', s.nspname, 'name', c.relname) end
) order by n.id, n.what), '[]')
from named n
left join pg_catalog.pg_class c on c.oid = n.rel and c.relkind in ('r', 'p')
left join pg_catalog.pg_namespace s on s.oid = c.relnamespace
-- A function, a type, a domain's check, a foreign server stand on no table. The operators and functions of a class are pieces of it.
where n.rel is distinct from n.own
    or n.own is null and n.classid not in ('pg_catalog.pg_amop'::regclass, 'pg_catalog.pg_amproc'::regclass)

-- Everything that hangs on the imported tables or stands beside them and that a manifest of this release cannot say. A row is a kind and a name;
-- what belongs to something that is listed itself (the columns of a view, the indexes of a partition) is not listed once more.
with asked as (
    select n.oid, n.nspname, n.nspacl, case when n.nspname <> {} then format('%I.', n.nspname) else '' end as prefix
    from pg_catalog.pg_namespace n where n.nspname in (select json_array_elements_text({}))
), patterns as (
    select array(select json_array_elements_text({})) as fits, {}::boolean as whole
), written as (
    select c.*, a.prefix, a.prefix || format('%I', c.relname) as shown
    from json_to_recordset({}) w (schema name, name name)
    join asked a on a.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = a.oid and c.relname = w.name and c.relkind in ('r', 'p')
), told as (
    select c.oid from json_to_recordset({}) w (schema name, name name)
    join asked a on a.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = a.oid and c.relname = w.name
), members as not materialized (
    select classid, objid from pg_catalog.pg_depend where deptype = 'e'
), owned as (
    -- Sequences that a column of a written table owns, by serial or identity, with what they would be if nobody had said anything.
    select q.oid, w.shown || '.' || format('%I', t.attname) as column, a.prefix || format('%I', q.relname) as shown, q.relname, s.*, d.deptype, t.atttypid,
        d.deptype = 'i' or exists (
            select from pg_catalog.pg_attrdef e
            join pg_catalog.pg_depend draws on draws.classid = 'pg_catalog.pg_attrdef'::regclass and draws.objid = e.oid
                and draws.refclassid = 'pg_catalog.pg_class'::regclass and draws.refobjid = q.oid
            where e.adrelid = w.oid and e.adnum = t.attnum) as drawn,
        left(w.relname || '_' || t.attname || '_seq', 63) as usual
    from written w
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = w.oid and d.refobjsubid > 0
        and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
    join pg_catalog.pg_class q on q.oid = d.objid and q.relkind = 'S'
    join asked a on a.oid = q.relnamespace
    join pg_catalog.pg_sequence s on s.seqrelid = q.oid
    join pg_catalog.pg_attribute t on t.attrelid = w.oid and t.attnum = d.refobjsubid
), found (kind, name, owner) as (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'c' then 'composite type'
            when 'S' then 'sequence' when 'p' then 'partitioned table'
            else case when c.relispartition then 'partition' when c.reloftype <> 0 then 'typed table'
                when exists (select from pg_catalog.pg_inherits i where i.inhrelid = c.oid) then 'inherited table' else 'table' end end,
        a.prefix || format('%I', c.relname), c.relowner
    from pg_catalog.pg_class c
    join asked a on a.oid = c.relnamespace
    cross join patterns p
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S') and c.relname like any (p.fits)
        and c.oid <> all (array(select oid from written)) and c.oid <> all (array(select oid from owned))
        and c.oid <> all (array(select oid from told))
        and not exists (select from members m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid)
        -- A sequence goes with the table that it numbers.
        and not (c.relkind = 'S' and exists (
            select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
                and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')))
    union all
    select case y.typtype when 'd' then 'domain' when 'r' then 'range type' else 'base type' end, a.prefix || format('%I', y.typname), y.typowner
    from pg_catalog.pg_type y
    join asked a on a.oid = y.typnamespace
    cross join patterns p
    where y.typtype in ('d', 'r', 'b') and not (y.typcategory = 'A' and y.typelem <> 0) and y.typname like any (p.fits)
        and not exists (select from members m where m.classid = 'pg_catalog.pg_type'::regclass and m.objid = y.oid)
    union all
    select case f.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function' else 'function' end,
        a.prefix || format('%I(%s)', f.proname, pg_catalog.pg_get_function_identity_arguments(f.oid)), f.proowner
    from pg_catalog.pg_proc f
    join asked a on a.oid = f.pronamespace
    cross join patterns p
    where f.proname like any (p.fits) and not exists (
            select from json_to_recordset({}) w (schema text, name text, arguments text)
            where w.schema = a.nspname and w.name = f.proname and w.arguments = coalesce((
                select string_agg(coalesce(current_setting('freehold.aside')::jsonb ->> t.type::text, '') || pg_catalog.format_type(t.type, null), ', ' order by t.position)
                from unnest(f.proargtypes::oid[]) with ordinality t (type, position)), ''))
        and not exists (select from members m where m.classid = 'pg_catalog.pg_proc'::regclass and m.objid = f.oid)
        and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = f.oid and d.deptype = 'i')
    union all
    select o.kind, a.prefix || format('%I', o.name), null
    from asked a
    cross join patterns p
    cross join lateral (
        select 'operator', x.oprname::text, 'pg_catalog.pg_operator'::regclass, x.oid from pg_catalog.pg_operator x where x.oprnamespace = a.oid
        union all
        select 'operator class', x.opcname, 'pg_catalog.pg_opclass'::regclass, x.oid from pg_catalog.pg_opclass x where x.opcnamespace = a.oid
        union all
        select 'operator family', x.opfname, 'pg_catalog.pg_opfamily'::regclass, x.oid from pg_catalog.pg_opfamily x where x.opfnamespace = a.oid
        union all
        select 'collation', x.collname, 'pg_catalog.pg_collation'::regclass, x.oid from pg_catalog.pg_collation x where x.collnamespace = a.oid
        union all
        select 'conversion', x.conname, 'pg_catalog.pg_conversion'::regclass, x.oid from pg_catalog.pg_conversion x where x.connamespace = a.oid
        union all
        select 'text search configuration', x.cfgname, 'pg_catalog.pg_ts_config'::regclass, x.oid from pg_catalog.pg_ts_config x where x.cfgnamespace = a.oid
        union all
        select 'text search dictionary', x.dictname, 'pg_catalog.pg_ts_dict'::regclass, x.oid from pg_catalog.pg_ts_dict x where x.dictnamespace = a.oid
        union all
        select 'text search parser', x.prsname, 'pg_catalog.pg_ts_parser'::regclass, x.oid from pg_catalog.pg_ts_parser x where x.prsnamespace = a.oid
        union all
        select 'text search template', x.tmplname, 'pg_catalog.pg_ts_template'::regclass, x.oid from pg_catalog.pg_ts_template x where x.tmplnamespace = a.oid
        union all
        select 'statistics', x.stxname, 'pg_catalog.pg_statistic_ext'::regclass, x.oid from pg_catalog.pg_statistic_ext x where x.stxnamespace = a.oid
    ) o (kind, name, classid, oid)
    where o.name like any (p.fits) and not exists (select from members m where m.classid = o.classid and m.objid = o.oid)
    union all
    select o.kind, o.name, null
    from patterns p
    cross join lateral (
        select 'cast', format('%s as %s', x.castsource::regtype, x.casttarget::regtype), 'pg_catalog.pg_cast'::regclass, x.oid
        from pg_catalog.pg_cast x where x.oid >= 16384
        union all
        select 'event trigger', format('%I', x.evtname), 'pg_catalog.pg_event_trigger'::regclass, x.oid from pg_catalog.pg_event_trigger x
        union all
        select 'publication', format('%I', x.pubname), 'pg_catalog.pg_publication'::regclass, x.oid from pg_catalog.pg_publication x
        union all
        select 'subscription', format('%I', x.subname), 'pg_catalog.pg_subscription'::regclass, x.oid
        from pg_catalog.pg_subscription x join pg_catalog.pg_database b on b.oid = x.subdbid and b.datname = current_database()
        union all
        select 'foreign data wrapper', format('%I', x.fdwname), 'pg_catalog.pg_foreign_data_wrapper'::regclass, x.oid from pg_catalog.pg_foreign_data_wrapper x
        union all
        select 'foreign server', format('%I', x.srvname), 'pg_catalog.pg_foreign_server'::regclass, x.oid from pg_catalog.pg_foreign_server x
        union all
        select 'user mapping', format('%I for %s', x.srvname, case x.umuser when 0 then 'public' else pg_catalog.pg_get_userbyid(x.umuser)::text end),
            'pg_catalog.pg_user_mapping'::regclass, x.umid
        from pg_catalog.pg_user_mappings x
        union all
        select 'language', format('%I', x.lanname), 'pg_catalog.pg_language'::regclass, x.oid from pg_catalog.pg_language x where x.oid >= 16384
        union all
        select 'transform', format('for %s', x.trftype::regtype), 'pg_catalog.pg_transform'::regclass, x.oid from pg_catalog.pg_transform x
        union all
        select 'access method', format('%I', x.amname), 'pg_catalog.pg_am'::regclass, x.oid from pg_catalog.pg_am x where x.oid >= 16384
        union all
        select 'default privileges', format('of %s%s on %s', pg_catalog.pg_get_userbyid(x.defaclrole), coalesce(' in ' || n.nspname, ''),
            case x.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'L' then 'large objects' else 'schemas' end),
            'pg_catalog.pg_default_acl'::regclass, x.oid
        from pg_catalog.pg_default_acl x left join pg_catalog.pg_namespace n on n.oid = x.defaclnamespace
        where x.defaclnamespace = 0 or x.defaclnamespace in (select oid from asked)
    ) o (kind, name, classid, oid)
    where p.whole and not exists (select from members m where m.classid = o.classid and m.objid = o.oid)
    union all
    -- The one that every database begins with, when somebody took it away.
    select 'comment', 'on schema public', null
    from asked a cross join patterns p
    where p.whole and a.nspname = 'public' and pg_catalog.obj_description(a.oid, 'pg_namespace') is null
    union all
    select 'trigger', format('%I on %s', g.tgname, w.shown), null
    from written w join pg_catalog.pg_trigger g on g.tgrelid = w.oid and not g.tgisinternal and g.tgenabled <> 'O'
    union all
    select 'disabled trigger', format('of the foreign key %I on %s', k.conname, w.shown), null
    from written w join pg_catalog.pg_trigger g on g.tgrelid = w.oid and g.tgisinternal and g.tgenabled <> 'O'
    join pg_catalog.pg_constraint k on k.oid = g.tgconstraint
    group by k.conname, w.shown
    union all
    select 'rule', format('%I on %s', r.rulename, w.shown), null from written w join pg_catalog.pg_rewrite r on r.ev_class = w.oid
    union all
    select 'policy', format('%I on %s', l.polname, w.shown), null from written w join pg_catalog.pg_policy l on l.polrelid = w.oid
    union all
    select 'row level security', format('on %s', w.shown), null from written w where w.relrowsecurity or w.relforcerowsecurity
    union all
    select 'access method', format('%s of %s', m.amname, w.shown), null from written w join pg_catalog.pg_am m on m.oid = w.relam and m.amname <> 'heap'
    union all
    select 'tablespace', format('%s of %s%I', s.spcname, w.prefix, c.relname), null
    from written w
    join pg_catalog.pg_index i on i.indrelid = w.oid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
    union all
    select 'clustered index', format('%s%I of %s', w.prefix, c.relname, w.shown), null
    from written w join pg_catalog.pg_index i on i.indrelid = w.oid and i.indisclustered join pg_catalog.pg_class c on c.oid = i.indexrelid
    union all
    select o.kind, format('of %s.%I', w.shown, t.attname), null
    from written w
    join pg_catalog.pg_attribute t on t.attrelid = w.oid and t.attnum > 0 and not t.attisdropped
    cross join lateral (values
        ('grant on a column', exists (
            select from pg_catalog.aclexplode(t.attacl) g
            where g.is_grantable or g.grantor <> w.relowner or octet_length('role:' || pg_catalog.pg_get_userbyid(g.grantee)) > 63))
    ) o (kind, there)
    where o.there
    union all
    select 'statistics target', format('of %s%I (%s)', w.prefix, c.relname, t.attnum), null
    from written w
    join pg_catalog.pg_index i on i.indrelid = w.oid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_attribute t on t.attrelid = c.oid and coalesce(t.attstattarget, -1) >= 0
    union all
    select 'operator class option', format('of %s%I', w.prefix, c.relname), null
    from written w
    join pg_catalog.pg_index i on i.indrelid = w.oid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where exists (select from pg_catalog.pg_attribute t where t.attrelid = c.oid and t.attoptions is not null)
    union all
    select 'index option of a constraint', format('of %s%I', w.prefix, c.relname), null
    from written w
    join pg_catalog.pg_constraint k on k.conrelid = w.oid and k.contype in ('p', 'u', 'x')
    join pg_catalog.pg_class c on c.oid = k.conindid
    join pg_catalog.pg_index i on i.indexrelid = c.oid
    where c.reloptions is not null or (k.contype = 'x' and i.indnatts > i.indnkeyatts)
    union all
    -- Since PostgreSQL 18: what is left out of the manifest, and what a `not null` has beside its column.
    select o.kind, format('%I on %s', k.conname, w.shown), null
    from written w
    join pg_catalog.pg_constraint k on k.conrelid = w.oid
    left join pg_catalog.pg_attribute t on k.contype = 'n' and t.attrelid = w.oid and t.attnum = k.conkey[1]
    cross join lateral (select w.relname || '_' || t.attname || '_not_null' as name) usual
    cross join lateral (values
        ('temporal key', k.contype in ('p', 'u') and coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false)),
        ('temporal foreign key', k.contype = 'f' and coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false)),
        ('constraint that is not enforced', k.contype in ('c', 'f') and not coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)),
        ('not null of new rows alone', k.contype = 'n' and not k.convalidated),
        ('not null without children', k.contype = 'n' and k.connoinherit),
        -- A name that is too long is shortened, and that is the server's business.
        ('name of a not null', k.contype = 'n' and k.conname <> usual.name and octet_length(usual.name) < 64)
    ) o (kind, there)
    where o.there
    union all
    select 'unfinished index', format('%s%I on %s', w.prefix, c.relname, w.shown), null
    from written w join pg_catalog.pg_index i on i.indrelid = w.oid and not (i.indisvalid and i.indisready) join pg_catalog.pg_class c on c.oid = i.indexrelid
    union all
    select 'sequence option', format('of %s', o.column), null
    from owned o where o.drawn and o.oid <> all (array(select oid from told)) and o.seqtypid <> o.atttypid
    union all
    select 'sequence', o.shown, null from owned o where not o.drawn and o.oid <> all (array(select oid from told))
    union all -- One that is left of another type; no statement about this type makes it.
    select 'default of null', format('of %s.%I', w.shown, t.attname), null
    from written w
    join pg_catalog.pg_attribute t on t.attrelid = w.oid and t.attnum > 0 and not t.attisdropped and t.attgenerated = ''
    join pg_catalog.pg_attrdef e on e.adrelid = w.oid and e.adnum = t.attnum
    join pg_catalog.pg_type y on y.oid = t.atttypid and y.typnamespace = 'pg_catalog'::regnamespace
    where pg_catalog.pg_get_expr(e.adbin, e.adrelid) like 'NULL::%' and pg_catalog.format_type(t.atttypid, t.atttypmod) !~ '[(]|^interval '
    union all
    select 'comment', format('on sequence %s', o.shown), null from owned o
    where pg_catalog.obj_description(o.oid, 'pg_class') is not null and o.oid <> all (array(select oid from told))
    union all
    -- Rights that may be passed on, those that somebody else than the owner gave, those that the owner was taken, and those without a word.
    select 'grant', format('on %s', w.shown), null
    from written w
    where w.relacl is not null and (
        not exists (select from pg_catalog.aclexplode(w.relacl) g where g.grantee <> w.relowner)
        or exists (
            select from pg_catalog.aclexplode(w.relacl) g
            where g.grantee <> w.relowner and (
                g.is_grantable or g.grantor <> w.relowner or octet_length('role:' || pg_catalog.pg_get_userbyid(g.grantee)) > 63
                or g.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')))
        or exists (
            select privilege_type from pg_catalog.aclexplode(pg_catalog.acldefault('r', w.relowner)) g where g.grantee = w.relowner
            except select privilege_type from pg_catalog.aclexplode(w.relacl) g where g.grantee = w.relowner))
    union all
    select 'grant', format('on %s%I', a.prefix, c.relname), null
    from pg_catalog.pg_class c
    join asked a on a.oid = c.relnamespace
    where c.relkind = 'S' and (c.oid = any (array(select oid from told)) or c.oid = any (array(select oid from owned)))
        and c.relacl is not null and c.relacl <> pg_catalog.acldefault('s', c.relowner)
    union all
    select 'grant', format('on function %s%I(%s)', a.prefix, f.proname, pg_catalog.pg_get_function_identity_arguments(f.oid)), null
    from pg_catalog.pg_proc f
    join asked a on a.oid = f.pronamespace
    cross join patterns p
    where f.proname like any (p.fits) and f.proacl is not null and f.proacl <> pg_catalog.acldefault('f', f.proowner)
        and not exists (select from members m where m.classid = 'pg_catalog.pg_proc'::regclass and m.objid = f.oid)
    union all
    select 'grant', format('on type %s%I', a.prefix, y.typname), null
    from pg_catalog.pg_type y join asked a on a.oid = y.typnamespace cross join patterns p
    where y.typtype = 'e' and y.typacl is not null and y.typname like any (p.fits)
    union all
    select 'grant', format('on schema %I', a.nspname), null
    from asked a
    cross join patterns p
    left join pg_catalog.pg_init_privs i on i.classoid = 'pg_catalog.pg_namespace'::regclass and i.objoid = a.oid
    where p.whole and a.nspacl is distinct from i.initprivs
    union all
    select 'security label', format('on %s', l.objname), null
    from pg_catalog.pg_seclabels l join written w on l.classoid = 'pg_catalog.pg_class'::regclass and l.objoid = w.oid
)
select coalesce(json_agg(json_build_object('kind', kind, 'name', name, 'owner', pg_catalog.pg_get_userbyid(owner)) order by kind, name), '[]') from found

//! Slices of which several parts change at once, each of them fine by itself.

use super::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "columns of one index, one check and one computed column become other types, and a new one joins them",
        one: "[tables.a.columns]\nid = 'integer primary key'\nn = \"varchar(20) default 'x'\"\nm = 'numeric(8,2) default 1'\n\
              twice = 'numeric generated always as (m * 2) stored'\n\
              [tables.a.constraints]\nc = \"check (m > 0 and n <> '')\"\n[tables.a.indexes]\ni = \"(n) where m <> 7 and n <> ''\"",
        other: "[tables.a.columns]\nid = 'bigint primary key'\nn = \"text default 'x'\"\nm = 'numeric(10,2) default 1'\n\
                twice = 'numeric generated always as (m * 2) stored'\nnew = 'integer default 3'\n\
                [tables.a.constraints]\nc = \"check (m > 0 and n <> '' and new > 0)\"\n[tables.a.indexes]\ni = \"(n, new) where m <> 7 and n <> ''\"",
        rows: "insert into a select i from generate_series(1, 50) i",
    },
    Case {
        name: "moments with a zone and without in one condition",
        one: "[tables.a.columns]\nt = 'timestamptz'\nn = 'text'\n[tables.a.indexes]\ni = \"(n) where t > '2020-01-01'::timestamptz and n <> 'a'\"",
        other: "[tables.a.columns]\nt = 'timestamp'\nn = 'varchar(20)'\n[tables.a.indexes]\ni = \"(n) where t > '2020-01-01'::timestamp and n <> 'a'\"",
        rows: "",
    },
    Case {
        name: "a trigger hears of a column that comes, while another becomes a longer text",
        one: "[functions]\n\"f()\" = 'returns trigger language plpgsql as $$ begin return new; end $$'\n\
              [tables.a.columns]\nn = 'varchar(20)'\n[tables.a.triggers]\nt = 'before update of n on a for each row execute function f()'",
        other: "[functions]\n\"f()\" = 'returns trigger language plpgsql as $$ begin return new; end $$'\n\
                [tables.a.columns]\nn = 'text'\nm = 'text'\n[tables.a.triggers]\nt = 'before update of n, m on a for each row execute function f()'",
        rows: "insert into a values ('x')",
    },
    Case {
        name: "a collation that an index said by itself becomes the column's",
        one: "[tables.a.columns]\nn = 'text'\n[tables.a.indexes]\ni = '(n collate \"C\")'",
        other: "[tables.a.columns]\nn = 'text collate \"C\"'\n[tables.a.indexes]\ni = '(n)'",
        rows: "insert into a values ('x')",
    },
    Case {
        name: "the primary key and another key change places, under their foreign keys",
        one: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint not null unique'\n\
              [tables.b.columns]\nid = 'bigint references a (id)'\nn = 'bigint references a (n)'",
        other: "[tables.a.columns]\nid = 'bigint not null unique'\nn = 'bigint primary key'\n\
                [tables.b.columns]\nid = 'bigint references a (id)'\nn = 'bigint references a (n)'",
        rows: "insert into a select i, i from generate_series(1, 50) i; insert into b select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a unique index becomes a key of its name, under a foreign key",
        one: "[tables.a.columns]\nn = 'bigint not null'\n[tables.a.indexes]\na_n = 'unique (n)'\n[tables.b.columns]\nn = 'bigint references a (n)'",
        other: "[tables.a.columns]\nn = 'bigint not null'\n[tables.a.constraints]\na_n = 'unique (n)'\n[tables.b.columns]\nn = 'bigint references a (n)'",
        rows: "insert into a select i from generate_series(1, 50) i; insert into b select i from generate_series(1, 50) i",
    },
    Case {
        name: "a key has its columns in another order and another name, under a foreign key to its own table",
        one: "[tables.a.columns]\nn = 'bigint'\nm = 'bigint'\n\
              [tables.a.constraints]\none_key = 'unique (n, m)'\nown = 'foreign key (m, n) references a (n, m)'",
        other: "[tables.a.columns]\nn = 'bigint'\nm = 'bigint'\n\
                [tables.a.constraints]\nother_key = 'unique (m, n)'\nown = 'foreign key (m, n) references a (m, n)'",
        rows: "insert into a select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a default is what a function gave, which goes",
        one: "[functions]\n\"f()\" = \"returns text language sql as $$ select 'x' $$\"\n[tables.a.columns]\nn = 'text default f()'",
        other: "[tables.a.columns]\nn = \"text default 'x'\"",
        rows: "insert into a default values",
    },
    Case {
        name: "a function that may be called with less takes the place of one that a default calls in other words",
        one: "[functions]\n\"f(a integer default 1)\" = 'returns integer language sql as $$ select a $$'\n[tables.a.columns]\nn = 'integer default f()'",
        other: "[functions]\n\"f(a integer default 2, b integer default 3)\" = 'returns integer language sql as $$ select a $$'\n\
                [tables.a.columns]\nn = 'integer default f(b => 4)'",
        rows: "insert into a default values",
    },
    Case {
        name: "an index comes with the function that it calls, and would take the one that goes for it",
        one: "[functions]\n\"f(a bigint)\" = 'returns bigint language sql immutable as $$ select a $$'\n[tables.a.columns]\nn = 'bigint'",
        other: "[functions]\n\"f(a numeric, b text default '')\" = 'returns numeric language sql immutable as $$ select a $$'\n\
                [tables.a.columns]\nn = 'bigint'\n[tables.a.indexes]\ni = '(f(n))'",
        rows: "insert into a values (1)",
    },
    Case {
        name: "a column goes that is computed from one which becomes another type",
        one: "[tables.a.columns]\nn = 'integer'",
        other: "[tables.a.columns]\nn = 'bigint'\nm = 'bigint generated always as (n * 7) stored'\n[tables.a.indexes]\ni = '(m, n)'",
        rows: "insert into a values (1)",
    },
    Case {
        name: "a table goes that calls a function which gets other arguments",
        one: "[functions]\n\"f(a bigint)\" = 'returns bigint language sql immutable as $$ select a $$'\n\
              [tables.a.columns]\nn = 'bigint'\n[tables.a.constraints]\nc = 'check (f(n) > 0)'",
        other: "[functions]\n\"f(a bigint, b bigint default 1)\" = 'returns bigint language sql immutable as $$ select a $$'\n\
                [tables.a.columns]\nn = 'bigint'\nm = 'bigint generated always as (f(n)) stored'\n[tables.a.constraints]\nc = 'check (f(n) > 0)'\n\
                [tables.b.columns]\nn = 'bigint'\nm = 'bigint generated always as (f(n)) stored'\n\
                [tables.b.constraints]\nd = 'check (f(n) > 0 and n < 9)'\n[tables.b.indexes]\ni = '(f(n), n)'",
        rows: "insert into a values (1)",
    },
    Case {
        name: "a key over a column that is computed otherwise becomes an index",
        one: "[tables.a.columns]\nn = 'bigint not null'\nm = 'bigint not null generated always as (n * 2) stored'\n\
              [tables.a.constraints]\nmine = 'unique (n, m)'\nfirst = 'primary key (m)'",
        other: "[tables.a.columns]\nn = 'bigint not null'\nm = 'bigint not null generated always as (n * 3) stored'\n\
                [tables.a.constraints]\nsecond = 'primary key (m)'\n[tables.a.indexes]\nmine = 'unique (m, n)'",
        rows: "insert into a values (1), (2)",
    },
    Case {
        name: "an enum loses a value, and a check over it what is said of it",
        one: "[enums]\nmood = ['good']\n[tables.a.columns]\nm = 'mood'\n[tables.a.constraints]\nc = \"check (m = 'good')\"",
        other: "[enums]\nmood = ['good', 'bad']\n[tables.a.columns]\nm = 'mood'\n\
                [tables.a.constraints]\nc = { def = \"check (m = 'good')\", comment = 'Only these' }",
        rows: "insert into a values ('good')",
    },
    Case {
        name: "a function is called until the last of what calls it is another",
        one: "[functions]\n\"f(a numeric)\" = 'returns bigint language sql immutable as $$ select a::bigint $$'\n[tables.a.columns]\nn = 'bigint'\n\
              [tables.a.constraints]\nc = 'check (f(n::numeric) > 0)'\n[tables.a.indexes]\ni = '(f(n::numeric))'",
        other: "[functions]\n\"f(a bigint)\" = 'returns bigint language sql immutable as $$ select a $$'\n[tables.a.columns]\nn = 'bigint'\n\
                [tables.a.constraints]\nc = 'check (f(n::bigint) > 0)'",
        rows: "insert into a values (1)",
    },
    Case {
        name: "an enum that is called like what a type of the server begins with, and that a function takes",
        one: "[enums]\ns = ['good', 'bad']\n[functions]\n\"f(x s)\" = 'returns s language sql immutable as $$ select x $$'\n\
              [tables.a.columns]\ns = \"s not null default 'good'\"\n[tables.a.indexes]\ni = '(f(s))'",
        other: "[enums]\ns = ['new', 'good']\n[functions]\n\"f(x s)\" = 'returns s language sql immutable as $$ select x $$'\n\
                [tables.a.columns]\ns = \"s not null default 'new'\"\n[tables.a.indexes]\ni = '(f(s))'",
        rows: "insert into a values ('good')",
    },
    Case {
        name: "a column that is called like its type has another one",
        one: "[enums]\nstatus = ['new', 'done']\n[tables.a.columns]\nstatus = \"status not null default 'new'\"\n[tables.a.indexes]\ni = \"(status) where status = 'new'\"",
        other: "[enums]\nstate = ['new', 'done']\n[tables.a.columns]\nstatus = \"state not null default 'new'\"\n[tables.a.indexes]\ni = \"(status) where status = 'new'\"",
        rows: "insert into a default values",
    },
    Case {
        name: "an enum, a table, a sequence and an index have each other's names",
        one: "[enums]\none = ['x']\n[tables.a.columns]\nn = 'one'\n[tables.two.columns]\nn = 'bigint'\n[tables.a.indexes]\nthree = '(n)'\n[sequences]\nfour = ''",
        other: "[tables.one.columns]\nn = 'bigint'\n[enums]\ntwo = ['y']\n[tables.three.columns]\nn = 'bigint'\n\
                [tables.a.columns]\nn = { def = 'text', using = 'n::text' }\nm = 'two'\n[tables.four.columns]\nn = 'bigint'",
        rows: "",
    },
    Case {
        name: "a table and the one that it refers to are logged",
        one: "[tables.a]\nunlogged = true\ncolumns.id = 'bigint references b (id)'\n[tables.b]\nunlogged = true\ncolumns.id = 'bigint primary key'",
        other: "[tables.a.columns]\nid = 'bigint references b (id)'\n[tables.b.columns]\nid = 'bigint primary key'",
        rows: "insert into b values (1); insert into a values (1)",
    },
    Case {
        name: "an index of another method, over a column of another type",
        one: "[tables.a.columns]\nn = 'jsonb'\n[tables.a.indexes]\ni = 'using gin (n)'",
        other: "[tables.a.columns]\nn = 'int4range'\n[tables.a.indexes]\ni = 'using gist (n)'",
        rows: "",
    },
    Case {
        name: "texts that do not heed case, on both sides of a foreign key",
        one: "[extensions]\ncitext = '*'\n[tables.a.columns]\nid = 'citext primary key'\n[tables.b.columns]\na_id = 'citext references a (id)'",
        other: "[extensions]\ncitext = '*'\n[tables.a.columns]\nid = 'text primary key'\n[tables.b.columns]\na_id = 'text references a (id)'",
        rows: "insert into a values ('x'); insert into b values ('x')",
    },
];

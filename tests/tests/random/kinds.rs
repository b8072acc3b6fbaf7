//! The types of columns: how each is written, what a row holds, what may be checked, and what it may grow into.

/// A type.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// A value for the row `{i}`, another for each row.
    pub(crate) value: &'static str,
    /// Something that is true of every value, of the column `{c}` with a number `{n}` in it.
    pub(crate) check: Option<&'static str>,
    /// Whether values can be compared by a btree, and differ from row to row.
    pub(crate) ordered: bool,
    /// Types that hold every value of this one, from which each value comes back.
    pub(crate) wider: &'static [&'static str],
}

const fn kind(
    name: &'static str,
    value: &'static str,
    check: Option<&'static str>,
    ordered: bool,
    wider: &'static [&'static str],
) -> Kind {
    Kind { name, value, check, ordered, wider }
}

const POSITIVE: Option<&str> = Some("{c} >= -{n}");
const SHORT: Option<&str> = Some("length({c}) < 100 + {n}");

pub(crate) const KINDS: &[Kind] = &[
    kind("smallint", "({i})", POSITIVE, true, &["int", "bigint"]),
    kind("int", "({i})", POSITIVE, true, &["bigint"]),
    kind("bigint", "({i})", POSITIVE, true, &[]),
    kind("numeric(10,2)", "({i} + 0.25)", POSITIVE, true, &["numeric(12,2)", "numeric"]),
    kind("numeric(12,2)", "({i} + 0.25)", POSITIVE, true, &["numeric"]),
    kind("numeric", "({i} + 0.25)", POSITIVE, true, &[]),
    kind("double precision", "({i} + 0.5)", POSITIVE, true, &[]),
    kind("real", "({i} + 0.5)", None, true, &["double precision"]),
    kind("text", "('t' || {i})", SHORT, true, &["text collate \"C\""]),
    kind("text collate \"C\"", "('t' || {i})", SHORT, true, &["text"]),
    kind("varchar(20)", "('v' || {i})", SHORT, true, &["varchar(40)", "text"]),
    kind("varchar(40)", "('v' || {i})", SHORT, true, &["text"]),
    kind("char(8)", "('x' || {i})", None, true, &["char(10)"]),
    kind("char(10)", "('x' || {i})", None, true, &[]),
    kind("boolean", "({i} > 3)", Some("{c}::int <= {n}"), false, &[]),
    kind("date", "('2024-01-01'::date + {i})", Some("{c} > '1990-01-01'::date + {n}"), true, &[]),
    kind(
        "timestamptz",
        "('2024-01-01 10:00:00+00'::timestamptz + make_interval(days => {i}))",
        Some("{c} > '1990-01-01 00:00:00+00'::timestamptz + make_interval(days => {n})"),
        true,
        &[],
    ),
    kind(
        "timestamp(0)",
        "('2024-01-01 10:00:00'::timestamp + make_interval(days => {i}))",
        None,
        true,
        &["timestamp"],
    ),
    kind("timestamp", "('2024-01-01 10:00:00'::timestamp + make_interval(days => {i}))", None, true, &[]),
    kind("time", "('10:00'::time + make_interval(secs => {i}))", None, true, &[]),
    kind("interval", "make_interval(days => {i})", None, true, &[]),
    kind("uuid", "md5(({i})::text)::uuid", None, true, &[]),
    kind("json", "json_build_object('a', {i})", None, false, &[]),
    kind("jsonb", "jsonb_build_object('a', {i})", Some("({c} ->> 'a')::int >= -{n}"), true, &[]),
    kind("bytea", "decode(md5(({i})::text), 'hex')", None, true, &[]),
    kind("inet", "('10.0.0.0'::inet + {i})", None, true, &[]),
    kind("cidr", "('10.0.0.0'::inet + {i})::cidr", None, true, &["inet"]),
    kind("macaddr", "('08:00:2b:00:00:0' || ({i}) % 10)::macaddr", None, false, &[]),
    kind("bit(8)", "({i})::bit(8)", None, true, &[]),
    kind("int[]", "array[{i}, 1]", Some("cardinality({c}) < 10 + {n}"), true, &[]),
    kind("text[]", "array['a', 'b' || {i}]", None, true, &[]),
    kind("int4range", "int4range({i} * 10, {i} * 10 + 5)", None, true, &[]),
    kind("tsvector", "to_tsvector('simple', 'a b' || {i})", None, false, &[]),
    kind("point", "point({i}, 1)", None, false, &[]),
];

/// The place of a type.
pub(crate) fn place(name: &str) -> usize {
    KINDS.iter().position(|kind| kind.name == name).unwrap()
}

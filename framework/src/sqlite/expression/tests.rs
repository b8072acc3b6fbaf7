use super::*;
use crate::sql::TypeName;
use crate::sqlite::sort::held;

/// Columns of many types, by telling names.
fn columns() -> BTreeMap<Name, Sort> {
    let typed = [
        ("a", "timestamptz"),
        ("b", "timestamptz"),
        ("d", "date"),
        ("e", "date"),
        ("n", "integer"),
        ("m", "integer"),
        ("p", "numeric(12,2)"),
        ("q", "numeric(12,2)"),
        ("t", "text"),
        ("mail", "citext"),
        ("flag", "boolean"),
        ("j", "jsonb"),
        ("l", "text[]"),
        ("u", "uuid"),
        ("v", "uuid"),
        ("x", "bytea"),
        ("ip", "inet"),
    ];
    let mut columns: BTreeMap<Name, Sort> = typed
        .iter()
        .map(|(name, type_name)| {
            let name = Name::new(*name).unwrap();
            let sort = held(&name, &TypeName::parse(type_name).unwrap()).sort;
            (name, sort)
        })
        .collect();
    columns.insert(Name::new("status").unwrap(), Sort::Label);
    columns
}

fn row(source: &str) -> Result<String, Reason> {
    let columns = columns();
    let scope = Scope { columns: &columns, place: Place::Row };
    translate(&Expr::authored(source).unwrap(), scope).map(|translated| translated.text.to_string())
}

fn default(source: &str, target: &Sort) -> Result<String, Reason> {
    let columns = columns();
    let scope = Scope { columns: &columns, place: Place::Default };
    translate_for(&Expr::authored(source).unwrap(), scope, target)
        .map(|translated| translated.text.to_string())
}

#[test]
fn what_means_the_same_is_said_in_sqlites_words() {
    for (source, expected) in [
        ("n > 0 and t <> ''", "n > 0 and t <> ''"),
        ("(a is null) = (b is null)", "(a is null) = (b is null)"),
        ("not flag or (t is not null and n = 1)", "not flag or (t is not null and n = 1)"),
        ("btrim(t) <> ''", "trim(t) <> ''"),
        ("status in ('x', 'it''s')", "status in ('x', 'it''s')"),
        ("status not in ('x')", "status not in ('x')"),
        ("status = any (array['x', 'y'])", "status in ('x', 'y')"),
        ("status <> all ((array['x', 'y'])::text[])", "status not in ('x', 'y')"),
        ("status is distinct from 'x'", "status is not 'x'"),
        ("n is not distinct from m", "n is m"),
        ("n between 1 and 5", "n >= 1 and n <= 5"),
        ("not (n between 1 and 5)", "not (n >= 1 and n <= 5)"),
        ("n not between 1 and 5", "not (n >= 1 and n <= 5)"),
        ("a > b", "julianday(a) > julianday(b)"),
        (
            "a <= b + interval '72 hours'",
            "round(julianday(a) * 86400000) <= round((julianday(b) + 3.0) * 86400000)",
        ),
        ("d > e", "d > e"),
        ("d <= (e + interval '5 years')::date", "d <= date(e, '+5 years', 'floor')"),
        ("d > e - interval '1 month'", "d > date(e, '-1 months', 'floor')"),
        ("d >= a::date", "d >= date(a)"),
        (
            "t = u::text",
            "t = lower(printf('%s-%s-%s-%s-%s', substr(hex(u), 1, 8), substr(hex(u), 9, 4), substr(hex(u), 13, 4), substr(hex(u), 17, 4), substr(hex(u), 21, 12)))",
        ),
        ("p <= n * q", "p <= round(n * q, 2)"),
        ("t like 'ab%_[c'", "t glob 'ab*?[[]c'"),
        ("t ilike 'ab%'", "t like 'ab%' escape '\\'"),
        ("position('x' in t) > 0", "instr(t, 'x') > 0"),
        ("char_length(t) <= 20", "length(t) <= 20"),
        ("jsonb_typeof(j) = 'object'", "json_type(j) = 'object'"),
        ("cardinality(l) > 0", "json_array_length(l) > 0"),
        ("num_nonnulls(n, t) <= 1", "((n is not null) + (t is not null)) <= 1"),
        ("octet_length(x) = 32", "length(x) = 32"),
        ("u <> v", "u <> v"),
        ("flag is true", "flag is true"),
        ("t || 'x'::text", "t || 'x'"),
        ("case when n > 0 then 1 else 2 end = 1", "case when (n > 0) then 1 else 2 end = 1"),
        ("coalesce(t, '') <> ''", "coalesce(t, '') <> ''"),
        (
            "lower(split_part(mail::text, '@', 1))",
            "lower(substr((mail collate binary), 1, instr((mail collate binary) || '@', '@') - 1))",
        ),
        ("j -> 'k' is not null", "(j -> 'k') is not null"),
        ("t = E'a\\'b'", "t = 'a''b'"),
        ("u = '00000000-0000-0000-0000-0000000000ff'", "u = x'000000000000000000000000000000ff'"),
    ] {
        assert_eq!(row(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn what_is_not_known_for_sure_has_a_reason() {
    for source in [
        "t ~ '^a'",
        "date_trunc('day', a) = a",
        "n = nope",
        "\"nope\" = n",
        "ip = '10.0.0.1'",
        "j = '{}'",
        "status > 'x'",
        "now() > a",
        "point(n, m) is not null",
        "t collate \"de_DE\" > 'x'",
        "l[1] = 'x'",
        "(a at time zone 'Africa/Lagos')::date = d",
        "n ^ 2 > 4",
        "t = n",
        "md5(t) = t",
        "n > (select 1)",
        "t similar to 'x'",
        "j ->> 'k' = '5'",
        "p::text = '1'",
        "a in (b)",
        "n + ",
    ] {
        assert!(row(source).is_err(), "{source}: {:?}", row(source));
    }
}

#[test]
fn a_default_is_in_the_form_that_its_column_holds() {
    let text = Sort::Text { folded: false };
    for (source, target, expected) in [
        ("'x'", &text, "'x'"),
        ("'pending'", &Sort::Label, "'pending'"),
        ("'x'::order_status", &Sort::Label, "'x'"),
        ("0", &Sort::Decimal(Some(2)), "0"),
        ("99.5", &Sort::Decimal(Some(2)), "99.5"),
        ("99.555", &Sort::Decimal(Some(2)), "round(99.555, 2)"),
        ("-1", &Sort::Integer, "-1"),
        ("'7'", &Sort::Integer, "7"),
        ("true", &Sort::Boolean, "true"),
        ("'f'", &Sort::Boolean, "false"),
        ("'{}'", &Sort::Json, "'{}'"),
        ("'{}'", &Sort::List, "'[]'"),
        ("'{a, b}'::text[]", &Sort::List, "'[\"a\",\"b\"]'"),
        ("current_date", &Sort::Date, "date('now')"),
        ("(now() at time zone 'utc')", &Sort::Moment, "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"),
        ("'\\xFF00'", &Sort::Bytes, "x'FF00'"),
        (
            "now() + interval '1 hour'",
            &Sort::Moment,
            "strftime('%Y-%m-%dT%H:%M:%f+00:00', julianday(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')) + (3600000 / 86400000.0))",
        ),
    ] {
        assert_eq!(default(source, target).as_deref(), Ok(expected), "{source}");
    }
    for (source, target) in [
        ("'x'", Sort::Integer),
        ("'now'", Sort::Moment),
        ("nextval('s')", Sort::Integer),
        ("'{x'", Sort::Json),
    ] {
        assert!(default(source, &target).is_err(), "{source}");
    }
}

#[test]
fn generated_values_are_rounded_as_their_column_is() {
    let generated = |source: &str, target: &Sort| {
        let columns = columns();
        let scope = Scope { columns: &columns, place: Place::Row };
        translate_for(&Expr::authored(source).unwrap(), scope, target).unwrap().text.to_string()
    };
    assert_eq!(generated("p - q", &Sort::Decimal(Some(2))), "round(p - q, 2)");
    assert_eq!(
        generated("(extract(epoch from a - b) / 60)::integer", &Sort::Integer),
        "cast(round((round((julianday(a) - julianday(b)) * 86400000) / 1000.0) / 60) as integer)"
    );
    assert_eq!(
        generated("case when n > 0 then round(m::numeric / n, 2) end", &Sort::Decimal(Some(2))),
        "case when (n > 0) then round(cast(m as real) / n, 2) end"
    );
}

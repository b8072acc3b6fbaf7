//! What came with which version of PostgreSQL, so that tests over what others wrote, or over long lists, can leave out what a server is too old for.

/// What came with a version, as it is written in SQL.
const NEWS: &[(u32, &str)] = &[
    (15, "nulls not distinct"),
    (15, "set null ("),
    (15, "set default ("),
    (15, "security_invoker"),
    (15, "unlogged sequence"),
    (18, " virtual"),
];

/// Whether a server of this version takes it.
pub fn had_by(version: u32, sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    NEWS.iter().all(|(since, what)| version >= *since || !sql.contains(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_had_from_its_version_on() {
        for (sql, since) in [
            ("CREATE VIEW v WITH (security_invoker = true) AS SELECT 1", 15),
            ("create unique index i on t (a) nulls not distinct", 15),
            ("c int generated always as (a * 2) virtual", 18),
            ("create unlogged table t (a serial)", 14),
        ] {
            let from = (14..=18).find(|version| had_by(*version, sql));
            assert_eq!(from, Some(since), "{sql}");
        }
    }
}

//! `[checks]`: statements that must return true. They say of the rows what no constraint can.

use serde::Serialize;
use toml::de::DeTable;

use super::code;
use super::cursor::tokens;
use super::problem::Problem;
use super::walk::Walk;
use crate::name::Name;
use crate::sql::Expr;
use crate::sql::lex::TokenKind;

/// A statement that must return true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is called.
    pub name: Name,
    /// A query of one row and one column.
    pub query: Expr,
}

/// What a query begins with.
const BEGINS: &[&str] = &["select", "with", "values", "table"];

/// Reads the section. What is not one query is reported: the server takes only one, and in a transaction that cannot write.
pub(super) fn checks<'a>(root: &DeTable<'a>, walk: &mut Walk<'a>) -> Vec<(Check, std::ops::Range<usize>)> {
    let entries = walk.section(root, "checks");
    let mut checks = Vec::new();
    for (word, value) in walk.named(entries) {
        let Some(text) = walk.string(value, "a check") else { continue };
        let Some(cut) = walk.keep(tokens(&text)) else { continue };
        let source = text.as_str();
        let wrong = |span, title: &str| {
            let problem = Problem::error(code::CLAUSE, span, title);
            problem.help("a check is one query that returns true: `select not exists (select from …)`")
        };
        let first = cut.first().filter(|first| {
            first.kind == TokenKind::Open || BEGINS.iter().any(|begin| first.is(source, begin))
        });
        if first.is_none() {
            let span = cut.first().map_or(text.whole(), |first| text.span(first.span.clone()));
            walk.report(wrong(span, "a check is a query"));
            continue;
        }
        match Expr::authored(source) {
            Ok(query) => checks.push((Check { name: word.name, query }, word.span)),
            Err(error) => walk.report(wrong(text.whole(), error.what)),
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    fn read(check: &str) -> Result<Vec<String>, String> {
        let text = format!(
            "manifest = 1\nservice = {{ name = \"s\", version = \"1.0.0\" }}\n[checks]\nfits = {check:?}\n"
        );
        let parsed = Manifest::parse("s.toml", &text).map_err(|problems| problems.to_string())?;
        let place = &parsed.manifest.checks[0].1;
        assert_eq!((place.line, place.column), (4, 1));
        Ok(parsed
            .manifest
            .checks
            .iter()
            .map(|(check, _)| format!("{}: {}", check.name, check.query))
            .collect())
    }

    #[test]
    fn a_check_is_one_query() {
        for query in [
            "select true",
            "WITH x as (select 1) select count(*) = 1 from x",
            "(select ';' = ';')",
            "values (true)",
        ] {
            assert_eq!(read(query).unwrap(), [format!("fits: {query}")]);
        }
        for (query, place, title) in [
            ("", "4:9", "a check is a query"),
            ("delete from orders", "4:9", "a check is a query"),
            ("select true; drop table orders", "4:20", "a `;` cannot stand here"),
            ("select true;", "4:20", "a `;` cannot stand here"),
            ("select (true", "4:16", "never closed"),
            ("select true) or (true", "4:20", ""),
        ] {
            let found = read(query).unwrap_err();
            assert!(
                found.starts_with(&format!("s.toml:{place}: error[FH15")) && found.contains(title),
                "{query}: {found}"
            );
        }
    }
}

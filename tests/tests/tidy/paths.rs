//! The paths that a Rust file names, written out from the root of its crate: `use` trees taken apart, `super` and
//! `self` resolved. Only paths that begin at a crate are of interest; a bare name leads no further than the `use`
//! that brought it.
//! <https://doc.rust-lang.org/reference/paths.html>

use crate::tokens::Token;

/// A path, the name it goes by here, and where it is named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// From the root of the crate; a glob ends in `*`.
    pub(crate) path: Vec<String>,
    /// What it is called here: its last word, or the one behind `as`.
    pub(crate) called: String,
    pub(crate) line: usize,
}

/// The module of a file, from the root of its crate: `src/kind/index.rs` is `kind::index`.
pub(crate) fn module_of(path_in_src: &str) -> Vec<String> {
    let stem = path_in_src.strip_suffix(".rs").unwrap_or(path_in_src);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
}

/// The paths within the crate that the code of `module` names outside its tests: those that begin with `crate`,
/// `self`, `super`, or the crate's own name.
pub(crate) fn within_crate(tokens: &[Token], module: &[String], crate_name: &str) -> Vec<Named> {
    let mut named = Vec::new();
    let mut inline = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|before| text(tokens, before)).unwrap_or_default();
        let begins = text(tokens, at + 1) == Some("::") && before != "::";
        match token.text.as_str() {
            "mod" if text(tokens, at + 2) == Some("{") => {
                inline.push((
                    text(tokens, at + 1).unwrap_or_default().to_owned(),
                    crate::tokens::closing(tokens, at + 2),
                ));
            }
            "crate" if begins && !token.test => at = tree(tokens, at + 2, Vec::new(), &mut named),
            first if begins && !token.test && first == crate_name => {
                at = tree(tokens, at + 2, Vec::new(), &mut named)
            }
            "self" | "super" if begins && !token.test => {
                let inside = inline.iter().map(|(name, _): &(String, usize)| name.clone());
                at = tree(tokens, at, module.iter().cloned().chain(inside).collect(), &mut named);
            }
            _ => {}
        }
        at += 1;
        inline.retain(|(_, end)| at <= *end);
    }
    named
}

/// The paths from another crate (`std`) that the code names outside its tests, without the crate's own name.
pub(crate) fn within(tokens: &[Token], other_crate: &str) -> Vec<Named> {
    let mut named = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let first = at.checked_sub(1).and_then(|before| text(tokens, before)) != Some("::");
        if first && !token.test && token.text == other_crate && text(tokens, at + 1) == Some("::") {
            tree(tokens, at + 2, Vec::new(), &mut named);
        }
    }
    named
}

/// What the root of a crate re-exports from its modules: `pub use plan::Plan`.
pub(crate) fn reexports(tokens: &[Token]) -> Vec<Named> {
    let mut named = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let public = at.checked_sub(1).and_then(|before| text(tokens, before));
        if token.text == "use" && !token.test && matches!(public, Some("pub" | ")")) {
            tree(tokens, at + 1, Vec::new(), &mut named);
        }
    }
    named
}

fn text(tokens: &[Token], at: usize) -> Option<&str> {
    tokens.get(at).map(|token| token.text.as_str())
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Reads the tree at `at`, below `prefix`, and gives back its last token.
fn tree(tokens: &[Token], mut at: usize, mut prefix: Vec<String>, named: &mut Vec<Named>) -> usize {
    loop {
        match text(tokens, at) {
            Some("{") => {
                let end = crate::tokens::closing(tokens, at);
                at += 1;
                while at < end {
                    at = if text(tokens, at) == Some(",") {
                        at + 1
                    } else {
                        tree(tokens, at, prefix.clone(), named) + 1
                    };
                }
                return end;
            }
            Some("crate") => prefix.clear(),
            Some("super") => _ = prefix.pop(),
            Some("self") => {}
            Some("*") => prefix.push("*".to_owned()),
            Some(word) if is_word(word) => prefix.push(word.to_owned()),
            // `crate::a::<T>`: the path ended before the `::`.
            _ => at -= 1,
        }
        if text(tokens, at + 1) != Some("::") || text(tokens, at) == Some("::") {
            break;
        }
        at += 2;
    }
    let line = tokens.get(at).or(tokens.last()).map_or(1, |token| token.line);
    let alias = (text(tokens, at + 1) == Some("as")).then(|| text(tokens, at + 2)).flatten();
    let called = alias.map(str::to_owned).or_else(|| prefix.last().cloned()).unwrap_or_default();
    named.push(Named { path: prefix, called, line });
    if alias.is_some() { at + 2 } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;
    use crate::tokens::Tokens;

    fn tokens(text: &str) -> Vec<Token> {
        Tokens::read(&File { path: "framework/src/x.rs".to_owned(), text: text.to_owned() }).all
    }

    fn named(path_in_src: &str, text: &str) -> Vec<String> {
        let named = within_crate(&tokens(text), &module_of(path_in_src), "freehold");
        named.into_iter().map(|named| named.path.join("::")).collect()
    }

    #[test]
    fn files_are_modules() {
        assert_eq!(module_of("lib.rs"), Vec::<String>::new());
        assert_eq!(module_of("main.rs"), ["main"]);
        assert_eq!(module_of("kind/mod.rs"), ["kind"]);
        assert_eq!(module_of("kind/index.rs"), ["kind", "index"]);
    }

    #[test]
    fn a_use_tree_is_taken_apart() {
        let text =
            "use crate::{name::Name, kind::{self, index::Index as I, table::*}};\nuse std::crate_like::x;";
        assert_eq!(named("plan.rs", text), ["name::Name", "kind", "kind::index::Index", "kind::table::*"]);
    }

    #[test]
    fn super_and_self_lead_from_the_files_own_module() {
        let text = "use super::{sql, super::diff}; use self::part::A; fn f() { super::g() } impl X { fn h(&self) { self.x } }";
        assert_eq!(named("kind/index.rs", text), ["kind::sql", "diff", "kind::index::part::A", "kind::g"]);
    }

    #[test]
    fn super_in_an_inline_module_is_the_file() {
        let text = "mod inner { use super::a; use super::super::b; } use super::c;";
        assert_eq!(named("kind/index.rs", text), ["kind::index::a", "kind::b", "kind::c"]);
    }

    #[test]
    fn paths_in_expressions_types_and_macros_count() {
        let text = "fn f(x: &crate::plan::Plan) -> Vec<crate::a::B> { crate::check::run::<u8>(x); freehold::c!(); $crate::d::e }";
        assert_eq!(named("x.rs", text), ["plan::Plan", "a::B", "check::run", "c", "d::e"]);
    }

    #[test]
    fn visibility_tests_and_other_crates_do_not() {
        let text = "pub(crate) fn f() {} #[cfg(test)] mod tests { use crate::session::S; } use other::crate_::x; use a::freehold::b;";
        assert!(named("x.rs", text).is_empty(), "{:?}", named("x.rs", text));
    }

    #[test]
    fn another_crates_paths_are_found_in_groups_too() {
        let named = within(&tokens("use std::{env, io::{self, Write}};\nlet x = std::fs::read();"), "std");
        let named: Vec<_> = named.iter().map(|named| (named.path.join("::"), named.line)).collect();
        assert_eq!(
            named,
            [
                ("env".to_owned(), 1),
                ("io".to_owned(), 1),
                ("io::Write".to_owned(), 1),
                ("fs::read".to_owned(), 2)
            ]
        );
    }

    #[test]
    fn reexports_know_what_they_are_called() {
        let exported = reexports(&tokens(
            "mod plan; pub use plan::{Plan, Step as PlanStep}; use error::Hidden; pub(crate) use a::b;",
        ));
        let exported: Vec<_> =
            exported.iter().map(|named| (named.called.as_str(), named.path.join("::"))).collect();
        let expected = [("Plan", "plan::Plan"), ("PlanStep", "plan::Step"), ("b", "a::b")];
        assert_eq!(exported, expected.map(|(called, path)| (called, path.to_owned())));
    }
}

//! The direction of dependencies between the top-level modules of the framework.
//!
//! The table is the architecture: values, reasoning over them, IO that uses both, the shell that uses everything.
//! A module uses only what its row names, no modules use each other in a circle, and a module without a row has no
//! place yet. Tests may use what they like.

use crate::paths::{Named, module_of, reexports, within_crate};
use crate::tokens::Tokens;
use crate::{File, Problem};
use std::collections::{BTreeMap, BTreeSet};

const SRC: &str = "framework/src/";

/// Pure: what there is to say about a schema.
const VALUES: &[&str] = &[
    "name", "sql", "address", "dialect", "lock", "hazard", "step", "kind", "schema", "rename", "drops",
    "seed", "manifest",
];
/// Pure: what follows from it.
const REASONING: &[&str] = &["diff", "plan", "check", "decide", "rollback", "anew", "twin"];
const IO: &[&str] = &[
    "session", "catalog", "equal", "ledger", "survey", "execute", "by_hand", "bringup", "import", "seeding",
    "presence", "purge", "sqlite",
];
/// The two of the shell that IO may use: what is transient, and the error that says so.
const FAILURES: &[&str] = &["retry", "error"];
const SHELL: &[&str] = &[
    "disk", "config", "retry", "startup", "health", "metrics", "http", "error", "cli", "main", "testing",
    "build",
];

/// In reading order: module, and what it may use.
const MAY_USE: &[(&str, &[&[&str]])] = &[
    ("name", &[]),
    ("sql", &[&["name"]]),
    ("address", &[&["name", "sql"]]),
    ("dialect", &[&["name", "sql"]]),
    ("lock", &[&["name", "sql", "dialect"]]),
    ("hazard", &[&["name", "sql", "dialect", "lock"]]),
    ("step", &[&["name", "sql", "address", "dialect", "lock", "hazard"]]),
    ("kind", &[&["name", "sql", "address", "dialect", "lock", "hazard", "step"]]),
    ("schema", &[&["name", "sql", "address", "dialect", "lock", "hazard", "step", "kind"]]),
    ("rename", &[&["name", "sql", "address", "dialect", "lock", "hazard", "step", "kind", "schema"]]),
    (
        "drops",
        &[&["name", "sql", "address", "dialect", "lock", "hazard", "step", "kind", "schema", "rename"]],
    ),
    ("seed", &[&["name", "sql", "address", "dialect", "lock", "hazard", "step", "kind", "schema"]]),
    (
        "manifest",
        &[&[
            "name", "sql", "address", "dialect", "lock", "hazard", "step", "kind", "schema", "rename",
            "drops", "seed",
        ]],
    ),
    ("diff", &[VALUES]),
    ("plan", &[VALUES, &["diff"]]),
    // The checker judges a finished plan; how the planner came to it is none of its business.
    ("check", &[VALUES, &["plan"]]),
    ("decide", &[VALUES, &["plan", "check"]]),
    ("rollback", &[VALUES]),
    ("anew", &[VALUES]),
    ("twin", &[VALUES, &["plan"]]),
    ("session", &[VALUES, REASONING, IO, FAILURES]),
    ("catalog", &[VALUES, REASONING, IO, FAILURES]),
    ("equal", &[VALUES, REASONING, IO, FAILURES]),
    ("ledger", &[VALUES, REASONING, IO, FAILURES]),
    ("survey", &[VALUES, REASONING, IO, FAILURES]),
    ("execute", &[VALUES, REASONING, IO, FAILURES]),
    ("by_hand", &[VALUES, REASONING, IO, FAILURES]),
    ("bringup", &[VALUES, REASONING, IO, FAILURES]),
    ("import", &[VALUES, REASONING, IO, FAILURES]),
    ("seeding", &[VALUES, REASONING, IO, FAILURES]),
    ("presence", &[VALUES, REASONING, IO, FAILURES]),
    ("purge", &[VALUES, REASONING, IO, FAILURES]),
    ("sqlite", &[VALUES, REASONING, IO, FAILURES]),
    ("disk", &[VALUES]),
    ("config", &[VALUES, REASONING, IO, SHELL]),
    ("retry", &[VALUES, REASONING, IO, SHELL]),
    ("startup", &[VALUES, REASONING, IO, SHELL]),
    ("health", &[VALUES, REASONING, IO, SHELL]),
    ("metrics", &[VALUES, REASONING, IO, SHELL]),
    ("http", &[VALUES, REASONING, IO, SHELL]),
    ("error", &[VALUES, REASONING, IO, SHELL]),
    ("cli", &[VALUES, REASONING, IO, SHELL]),
    ("main", &[VALUES, REASONING, IO, SHELL]),
    ("testing", &[VALUES, REASONING, IO, SHELL]),
    ("build", &[VALUES, REASONING, IO, SHELL]),
];

/// Whether a module is among the pure ones.
pub(crate) fn is_pure(module: &str) -> bool {
    VALUES.contains(&module) || REASONING.contains(&module)
}

/// The top-level module that a file of the framework belongs to; `lib.rs` belongs to none.
pub(crate) fn top_module(path: &str) -> Option<String> {
    let in_src = path.strip_prefix(SRC).filter(|path| path.ends_with(".rs"))?;
    module_of(in_src).into_iter().next()
}

/// Everything that is wrong with the direction of dependencies.
pub(crate) fn check(files: &[File]) -> Vec<Problem> {
    let modules: BTreeSet<String> = files.iter().filter_map(|file| top_module(&file.path)).collect();
    let mut problems = unplaced(files);
    let (uses, unknown) = uses(files, &modules);
    problems.extend(unknown);
    for ((from, to), place) in &uses {
        let row = MAY_USE.iter().find(|(module, _)| module == from);
        if row.is_some_and(|(_, allowed)| !allowed.concat().contains(&to.as_str())) {
            let says = format!(
                "`{from}` may not use `{to}`: it lies above it; see MAY_USE in tests/tests/tidy/layers.rs"
            );
            problems.push(Problem::at(&place.0, place.1, says));
        }
    }
    if let Some(circle) = circle(&uses) {
        let place =
            circle.first().zip(circle.get(1)).and_then(|(from, to)| uses.get(&(from.clone(), to.clone())));
        let (path, line) = place.cloned().unwrap_or_default();
        problems.push(Problem::at(
            &path,
            line,
            format!("modules use each other in a circle: {}", circle.join(" → ")),
        ));
    }
    problems
}

fn unplaced(files: &[File]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let new = files.iter().filter_map(|file| top_module(&file.path).map(|module| (file, module)));
    let new = new.filter(|(_, module)| !MAY_USE.iter().any(|(placed, _)| placed == module));
    let first = new.filter(|(_, module)| seen.insert(module.clone()));
    let says = "has no place among the layers: give it a row in MAY_USE in tests/tests/tidy/layers.rs";
    first.map(|(file, module)| Problem::at(&file.path, 1, format!("the module `{module}` {says}"))).collect()
}

/// Which module uses which, with the first place that says so.
type Uses = BTreeMap<(String, String), (String, usize)>;

fn uses(files: &[File], modules: &BTreeSet<String>) -> (Uses, Vec<Problem>) {
    let root = files.iter().find(|file| file.path == format!("{SRC}lib.rs"));
    let exported = root.map(|root| reexports(&Tokens::read(root).all)).unwrap_or_default();
    let mut uses = Uses::new();
    let mut problems = Vec::new();
    for file in files {
        let Some(from) = top_module(&file.path) else { continue };
        let tokens = Tokens::read(file);
        let module = module_of(file.path.strip_prefix(SRC).unwrap_or_default());
        for named in within_crate(&tokens.all, &module, "freehold") {
            match owner(&named, modules, &exported) {
                Some(to) if to == from => {}
                Some(to) => {
                    uses.entry((from.clone(), to)).or_insert((file.path.clone(), named.line));
                }
                None => {
                    let says = format!(
                        "`{}` does not say which module it is from: name the module",
                        named.path.join("::")
                    );
                    problems.push(Problem::at(&file.path, named.line, says));
                }
            }
        }
    }
    (uses, problems)
}

/// The top-level module that a path leads to, directly or by what the root re-exports.
fn owner(named: &Named, modules: &BTreeSet<String>, exported: &[Named]) -> Option<String> {
    let first = named.path.first()?;
    if modules.contains(first) {
        return Some(first.clone());
    }
    let export = exported.iter().find(|export| export.called == *first)?;
    export.path.iter().find(|word| modules.contains(*word)).cloned()
}

/// One circle, if there is one, with its first module again at the end.
fn circle(uses: &Uses) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    uses.keys().find_map(|(from, _)| walk(from, uses, &mut Vec::new(), &mut done))
}

fn walk(at: &str, uses: &Uses, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
    if let Some(begin) = way.iter().position(|module| module == at) {
        let round = way.iter().skip(begin).cloned();
        return Some(round.chain([at.to_owned()]).collect());
    }
    if !done.insert(at.to_owned()) {
        return None;
    }
    way.push(at.to_owned());
    let next = uses.keys().filter(|(from, _)| from == at);
    let found = next.map(|(_, to)| to).find_map(|to| walk(to, uses, way, done));
    way.pop();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let file =
            |(path, text): &(&str, &str)| File { path: format!("{SRC}{path}"), text: (*text).to_owned() };
        check(&files.iter().map(file).collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    const SOUND: [(&str, &str); 5] = [
        ("lib.rs", "mod name; pub mod plan; pub use plan::Plan;"),
        ("name.rs", "pub struct Name; #[cfg(test)] mod tests { use crate::session::Session; }"),
        ("kind/mod.rs", "use crate::name::Name; pub mod index;"),
        ("kind/index.rs", "use super::Common; use crate::sql::Sql;"),
        ("sql.rs", "// use crate::session::S;\nuse crate::name::Name;"),
    ];

    fn with(path: &'static str, text: &'static str) -> Vec<String> {
        let mut files = SOUND.to_vec();
        files.extend([("plan.rs", ""), ("session.rs", ""), ("retry.rs", ""), ("error.rs", "")]);
        files.retain(|(existing, _)| *existing != path);
        files.push((path, text));
        problems(&files)
    }

    #[test]
    fn a_tree_that_keeps_the_layers_is_left_alone() {
        assert!(with("plan.rs", "use crate::{kind::index::Index, name::Name}; use crate::Plan;").is_empty());
        assert!(with("session.rs", "use crate::{Plan, retry, error::Error};").is_empty());
        assert!(with("main.rs", "fn main() { freehold::plan::run(); freehold::Plan::new() }").is_empty());
    }

    #[test]
    fn pure_modules_use_neither_io_nor_the_shell() {
        for (used, line) in [("use crate::session::Session;", 2), ("fn f() { super::error::x() }", 2)] {
            let found = with("plan.rs", Box::leak(format!("\n{used}").into_boxed_str()));
            let [problem] = found.as_slice() else { panic!("{found:?}") };
            assert!(problem.starts_with(&format!("{SRC}plan.rs:{line}: `plan` may not use `")), "{problem}");
        }
    }

    #[test]
    fn a_reexport_of_the_root_hides_nothing() {
        let found = with("sql.rs", "use crate::Plan;");
        let [problem] = found.as_slice() else { panic!("{found:?}") };
        assert!(problem.contains("`sql` may not use `plan`"), "{problem}");
    }

    #[test]
    fn io_uses_of_the_shell_only_what_tells_failures_apart() {
        let mut files =
            vec![("session.rs", "use crate::retry::classify;"), ("retry.rs", ""), ("config.rs", "")];
        assert!(problems(&files).is_empty());
        files.push(("ledger.rs", "use crate::config::Config;"));
        assert!(problems(&files).concat().contains("`ledger` may not use `config`"));
    }

    #[test]
    fn a_circle_is_printed() {
        let files = [
            ("config.rs", "use crate::startup::A;"),
            ("startup.rs", "\nuse crate::health::B;"),
            ("health.rs", "use crate::startup::C;"),
        ];
        let circle =
            "framework/src/startup.rs:2: modules use each other in a circle: startup → health → startup";
        let other =
            "framework/src/health.rs:1: modules use each other in a circle: health → startup → health";
        let found = problems(&files);
        assert!(found == [circle] || found == [other], "{found:?}");
    }

    #[test]
    fn a_module_without_a_row_has_no_place() {
        let found = problems(&[("extra/mod.rs", ""), ("extra/part.rs", "")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found.concat().starts_with("framework/src/extra/mod.rs:1: the module `extra` has no place"),
            "{found:?}"
        );
    }

    #[test]
    fn a_name_from_nowhere_and_a_glob_of_the_root_must_say_their_module() {
        for text in ["use crate::Unknown;", "use super::*;"] {
            let found = with("sql.rs", text);
            assert!(found.concat().contains("does not say which module it is from"), "{found:?}");
        }
    }

    #[test]
    fn the_table_holds_every_module_once_and_no_row_of_a_pure_one_names_another_layer() {
        let rows: Vec<&str> = MAY_USE.iter().map(|(module, _)| *module).collect();
        assert_eq!(rows, [VALUES, REASONING, IO, SHELL].concat());
        for (module, allowed) in MAY_USE.iter().filter(|(module, _)| is_pure(module)) {
            let above = allowed.concat().into_iter().find(|used| !is_pure(used));
            assert_eq!(above, None, "{module}");
        }
    }
}

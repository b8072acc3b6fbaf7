//! `include`: a manifest in several files. They are read one after another, and their trees are put together, so that the rest of
//! the walk sees one manifest.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bundle::{Files, beside};
use super::code;
use super::problem::Problem;
use super::sources::Sources;
use super::text::Text;
use super::walk::{Key, Keys, Value, Walk};

/// A manifest and what it includes, as texts.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) sources: Sources,
    /// What was wrong with finding them.
    pub(super) problems: Vec<Problem>,
}

/// Reads everything that a manifest includes.
pub(super) fn load(file: &str, text: &str, files: &dyn Files) -> Loaded {
    let loaded = Loaded { sources: Sources::default(), problems: Vec::new() };
    let mut loading = Loading { files, loaded, open: Vec::new() };
    loading.add(file, text);
    loading.loaded
}

struct Loading<'a> {
    files: &'a dyn Files,
    loaded: Loaded,
    /// The files that led here, outermost first.
    open: Vec<String>,
}

impl Loading<'_> {
    fn add(&mut self, path: &str, text: &str) {
        let start = self.loaded.sources.part(path, text);
        self.open.push(path.to_owned());
        for pattern in patterns(text) {
            let local = pattern.whole();
            self.include(path, pattern.as_str(), start + local.start..start + local.end);
        }
        self.open.pop();
    }

    fn include(&mut self, from: &str, written: &str, span: Range<usize>) {
        let Some(pattern) = beside(from, written) else {
            let title = format!("`{written}` does not start from this file's folder");
            let problem = Problem::error(code::INCLUDE, span, title);
            return self.report(problem.help("write it relative to this file, with `/`: `tables/*.toml`"));
        };
        let found = if written.contains(['*', '?']) {
            self.files.matching(&pattern)
        } else {
            Ok(vec![pattern.clone()])
        };
        match found {
            Ok(paths) if paths.is_empty() => {
                let problem = Problem::error(code::INCLUDE, span, format!("no file fits `{written}`"));
                self.report(problem.label(format!("looked for {pattern}")));
            }
            Ok(paths) => paths.iter().for_each(|path| self.one(path, written, &span)),
            Err(error) => {
                let problem = Problem::error(code::INCLUDE, span, format!("`{written}` cannot be included"));
                self.report(problem.label(format!("{pattern}: {error}")));
            }
        }
    }

    fn one(&mut self, path: &str, written: &str, span: &Range<usize>) {
        if let Some(first) = self.open.iter().position(|open| open == path) {
            let circle = [&self.open[first..], &[path.to_owned()]].concat();
            let title = format!("`{written}` includes a file that is being read");
            let problem = Problem::error(code::INCLUDE, span.clone(), title);
            return self.report(problem.label(circle.join(" → ")));
        }
        if self.loaded.sources.files().any(|known| known.path == path) {
            return;
        }
        match self.files.read(path) {
            Ok(text) => self.add(path, &text),
            Err(error) => {
                let title = format!("`{written}` cannot be included");
                let problem = Problem::error(code::INCLUDE, span.clone(), title);
                self.report(problem.label(format!("{path}: {error}")));
            }
        }
    }

    fn report(&mut self, problem: Problem) {
        self.loaded.problems.push(problem);
    }
}

/// The strings of `include`; what is wrong with them otherwise shows when the file is walked.
fn patterns(text: &str) -> Vec<Text> {
    if !text.contains("include") {
        return Vec::new(); // Most manifests are one file, and a start is not to parse them twice.
    }
    let (tree, _) = DeTable::parse_recoverable(text);
    let list = tree.get_ref().get("include").and_then(|value| value.get_ref().as_array());
    let strings = list.into_iter().flatten().filter(|value| value.get_ref().is_str());
    strings.map(|value| Text::decode(text, value.span())).collect()
}

/// The keys of a file that is included.
const PART: Keys = Keys { place: "an included file", known: super::KEYS.known, later: super::KEYS.later };

/// Parses all files into one tree. `None` when it is not to be trusted.
pub(super) fn tree<'a>(sources: &'a Sources, walk: &mut Walk<'a>) -> Option<DeTable<'a>> {
    let mut whole = true;
    let mut merged: Option<DeTable<'a>> = None;
    for file in sources.files() {
        let (tree, errors) = DeTable::parse_recoverable(file.text);
        if !walk.syntax(&errors, file.start) {
            whole = false;
            continue;
        }
        let tree = moved_table(tree.into_inner(), file.start);
        match &mut merged {
            None => {
                walk.check_keys(&tree, &super::KEYS);
                merged = Some(tree);
            }
            Some(merged) => {
                walk.check_keys(&tree, &PART);
                part(merged, tree, walk);
            }
        }
    }
    let merged = merged.filter(|_| whole)?;
    if let Some(value) = merged.get("include") {
        walk.strings(value, "`include`");
    }
    Some(merged)
}

/// Puts an included file's sections into the manifest's.
fn part<'a>(merged: &mut DeTable<'a>, part: DeTable<'a>, walk: &mut Walk<'a>) {
    for (key, value) in part {
        match key.get_ref().as_ref() {
            "service" => {
                let title = "an included file has no `[service]`";
                let problem = Problem::error(code::INCLUDE, key.span(), title);
                walk.report(problem.label("this is a manifest of its own").help(
                    "take the section out, or take the file out of `include`: a manifest is one service",
                ));
            }
            "manifest" => {}
            "include" => {
                walk.strings(&value, "`include`");
            }
            "requires" => section(merged, key, value, 2, walk),
            _ => section(merged, key, value, 0, walk),
        }
    }
}

/// Puts the entries of a section beside those that are there. `depth` is how many levels of tables below it are put together
/// too, rather than being one thing that stands in one file.
fn section<'a>(into: &mut DeTable<'a>, key: Key<'a>, value: Value<'a>, depth: usize, walk: &mut Walk<'a>) {
    let there = into.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut);
    let span = value.span();
    match (there, value.into_inner()) {
        (None, value) => drop(into.insert(key, Spanned::new(span, value))),
        (Some(DeValue::Table(there)), DeValue::Table(more)) => {
            for (key, value) in more {
                if depth > 0
                    && there.get(key.get_ref().as_ref()).is_some_and(|value| value.get_ref().is_table())
                {
                    section(there, key, value, depth - 1, walk);
                    continue;
                }
                match there.get_key_value(key.get_ref().as_ref()) {
                    None => drop(there.insert(key, value)),
                    Some((first, _)) => {
                        let title = format!("`{}` is declared in two files", key.get_ref());
                        let problem = Problem::error(code::TWICE, key.span(), title).label("the second one");
                        walk.report(problem.context(first.span(), "the first one"));
                    }
                }
            }
        }
        (Some(DeValue::Array(there)), DeValue::Array(more)) => {
            more.into_iter().for_each(|value| there.push(value))
        }
        // What stands there is wrong itself otherwise, and reported when it is read.
        (Some(DeValue::Table(_)), value) => {
            walk.table(&Spanned::new(span, value), &format!("`{}`", key.get_ref()));
        }
        (Some(_), _) => {}
    }
}

fn moved(span: Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

/// A tree whose file starts `by` bytes behind the start of all files.
fn moved_table(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    if by == 0 {
        return table;
    }
    table
        .into_iter()
        .map(|(key, value)| {
            let span = moved(key.span(), by);
            (Spanned::new(span, key.into_inner()), moved_value(value, by))
        })
        .collect()
}

fn moved_value(value: Value<'_>, by: usize) -> Value<'_> {
    let span = moved(value.span(), by);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved_table(table, by)),
        DeValue::Array(list) => {
            DeValue::Array(list.into_iter().map(|value| moved_value(value, by)).collect())
        }
        plain => plain,
    };
    Spanned::new(span, value)
}

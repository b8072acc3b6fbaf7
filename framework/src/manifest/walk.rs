//! The walk through the TOML tree: what every section needs, and the problems met on the way.
//!
//! No serde here: it stops at the first error, and its untagged and flattened forms lose places and let unknown keys pass.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bundle::{Files, beside};
use super::code;
use super::cursor::{Read, Word};
use super::include::Loaded;
use super::problem::Problem;
use super::sources::Sources;
use super::suggest::nearest;
use super::text::Text;
use crate::name::{NAME_BYTES_MAX, Name, NameError};

/// A key as it stands in the tree.
pub(super) type Key<'a> = Spanned<Cow<'a, str>>;
/// A value as it stands in the tree.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// The keys of one kind of TOML table.
#[derive(Debug)]
pub(super) struct Keys {
    /// What it is, in sentences: `a table`, `[service]`.
    pub(super) place: &'static str,
    /// What may stand in it.
    pub(super) known: &'static [&'static str],
    /// What the language has and this release does not support yet.
    pub(super) later: &'static [&'static str],
}

impl Keys {
    /// The key that was probably meant by a word.
    fn nearest(&self, word: &str) -> Option<&'static str> {
        nearest(word, self.known.iter().chain(self.later).copied())
    }
}

/// The manifest's text, and what was found wrong with it so far.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    /// The text of all its files, one after another, to which every span belongs.
    pub(super) file: &'a str,
    pub(super) problems: Vec<Problem>,
    /// The files that were read so far, included ones first, then those that sections asked for.
    sources: Sources,
    files: &'a dyn Files,
}

/// A file beside the manifest that a section named: a function's body, the rows of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    /// What it holds, as it is on the disk.
    pub(super) text: String,
    /// The offset of its first byte: add it to an offset in `text` to get one for a [`Problem`].
    pub(super) start: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(loaded: &'a Loaded, files: &'a dyn Files) -> Self {
        let Loaded { sources, problems } = loaded;
        Self { file: sources.text(), problems: problems.clone(), sources: sources.clone(), files }
    }

    /// What was found, and everything that was read.
    pub(super) fn finish(self) -> (Vec<Problem>, Sources) {
        (self.problems, self.sources)
    }

    /// Everything that was read so far.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Reads the file that a string names, relative to the file that the string stands in. What it holds becomes a part of
    /// the fingerprint, goes along when the manifest is bundled, and can be pointed at by problems.
    pub(super) fn beside(&mut self, name: &Text) -> Option<Beside> {
        let (written, span) = (name.as_str(), name.whole());
        let Some(path) = beside(self.sources.at(span.start).path, written) else {
            let title = format!("`{written}` does not start from this file's folder");
            let problem = Problem::error(code::FILE, span, title);
            self.report(problem.help("write it relative to this file, with `/`"));
            return None;
        };
        if let Some(known) = self.sources.files().find(|known| known.path == path) {
            return Some(Beside { text: known.text.to_owned(), start: known.start });
        }
        match self.files.read(&path) {
            Ok(text) => {
                let start = self.sources.push(&path, &text);
                Some(Beside { text, start })
            }
            Err(error) => {
                let problem = Problem::error(code::FILE, span, format!("`{written}` cannot be read"));
                self.report(problem.label(format!("{path}: {error}")));
                None
            }
        }
    }

    pub(super) fn report(&mut self, problem: impl Into<Problem>) {
        self.problems.push(problem.into());
    }

    /// What was read, or nothing and a problem more.
    pub(super) fn keep<T>(&mut self, read: Read<T>) -> Option<T> {
        read.map_err(|problem| self.report(*problem)).ok()
    }

    /// Reports what the TOML parser found; `false` when the tree is not to be trusted. Of syntax errors only the first one
    /// counts: one open bracket makes a dozen. `start` is where the file starts.
    pub(super) fn syntax(&mut self, errors: &[toml::de::Error], start: usize) -> bool {
        let span_of = |error: &toml::de::Error| {
            let span = error.span().unwrap_or_default();
            span.start + start..span.end + start
        };
        let (twice, broken): (Vec<_>, Vec<_>) =
            errors.iter().partition(|error| error.message() == "duplicate key");
        for error in twice {
            let span = span_of(error);
            let key = self.file.get(span.clone()).unwrap_or_default().to_owned();
            self.report(
                Problem::error(code::TWICE, span, format!("the key `{key}` stands here twice"))
                    .label("the second one"),
            );
        }
        let first = broken.iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
        if let Some(error) = first {
            let span = span_of(error);
            self.report(Problem::error(code::SYNTAX, span, error.message().replace('\n', ", ")));
        }
        first.is_none()
    }

    /// The line `manifest = 1`.
    pub(super) fn format(&mut self, root: &DeTable<'a>, keys: &Keys) {
        match root.get("manifest") {
            None => self.demand(root, "manifest", keys, 0..0),
            Some(value) if value.get_ref().as_integer().is_some_and(|number| number.as_str() == "1") => {}
            Some(value) => {
                let title = "`manifest` is 1, the only format there is so far";
                self.report(Problem::error(code::WRONG_TYPE, value.span(), title));
            }
        }
    }

    /// Reports every key that does not belong into a table.
    pub(super) fn check_keys(&mut self, table: &DeTable<'a>, keys: &Keys) {
        for key in table.keys() {
            let word: &str = key.get_ref();
            if keys.known.contains(&word) {
                continue;
            }
            let problem = if keys.later.contains(&word) {
                let title = format!("`{word}` is not supported in this release yet");
                Problem::error(code::LATER, key.span(), title)
                    .label("not supported yet")
                    .help("take it out: nothing in a manifest is ever ignored")
            } else {
                let problem = Problem::error(
                    code::UNKNOWN_KEY,
                    key.span(),
                    format!("{} has no key `{word}`", keys.place),
                )
                .label("unknown key");
                match keys.nearest(word) {
                    Some(known) => problem.help(format!("did you mean `{known}`?")),
                    None => problem.help(format!("its keys are: {}", keys.known.join(", "))),
                }
            };
            self.report(problem);
        }
    }

    fn wrong_type(&mut self, value: &Value<'_>, what: &str, wanted: &str) {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        let title = format!("{what} is {wanted}, not {article} {found}");
        self.report(
            Problem::error(code::WRONG_TYPE, value.span(), title).label(format!("expected {wanted}")),
        );
    }

    pub(super) fn table<'t>(&mut self, value: &'t Value<'a>, what: &str) -> Option<&'t DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, what, "a table");
        }
        table
    }

    /// The entries of a section that may be absent.
    pub(super) fn section<'t>(
        &mut self,
        parent: &'t DeTable<'a>,
        key: &str,
    ) -> Vec<(&'t Key<'a>, &'t Value<'a>)> {
        let section = parent.get(key).and_then(|value| self.table(value, &format!("`{key}`")));
        section.map(|section| section.iter().collect()).unwrap_or_default()
    }

    pub(super) fn string(&mut self, value: &Value<'a>, what: &str) -> Option<Text> {
        if value.get_ref().is_str() {
            return Some(Text::decode(self.file, value.span()));
        }
        self.wrong_type(value, what, "a string");
        None
    }

    /// The string under a key that may be absent.
    pub(super) fn optional(&mut self, table: &DeTable<'a>, key: &str) -> Option<Text> {
        let value = table.get(key)?;
        self.string(value, &format!("`{key}`"))
    }

    /// The string under a key that must be there.
    pub(super) fn required(
        &mut self,
        table: &DeTable<'a>,
        key: &str,
        keys: &Keys,
        span: Range<usize>,
    ) -> Option<Text> {
        self.demand(table, key, keys, span);
        self.optional(table, key)
    }

    /// Reports that a key is missing, unless one is there that was probably meant for it: that one is reported already.
    pub(super) fn demand(&mut self, table: &DeTable<'a>, key: &str, keys: &Keys, span: Range<usize>) {
        let meant = |other: &str| !keys.known.contains(&other) && keys.nearest(other) == Some(key);
        if table.get(key).is_none() && !table.keys().any(|other| meant(other.get_ref())) {
            let title = format!("{} lacks `{key}`", keys.place);
            self.report(
                Problem::error(code::MISSING, span, title).label(format!("`{key}` is required here")),
            );
        }
    }

    pub(super) fn flag(&mut self, table: &DeTable<'a>, key: &str) -> bool {
        let Some(value) = table.get(key) else { return false };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, &format!("`{key}`"), "true or false");
        }
        flag.unwrap_or_default()
    }

    pub(super) fn strings(&mut self, value: &Value<'a>, what: &str) -> Option<Vec<Text>> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, what, "a list of strings");
            return None;
        };
        Some(array.iter().filter_map(|item| self.string(item, "each of them")).collect())
    }

    /// The text under `comment`.
    pub(super) fn comment(&mut self, table: &DeTable<'a>) -> Option<Text> {
        let text = self.optional(table, "comment")?;
        if text.as_str().is_empty() {
            let title = "an empty comment is no comment for PostgreSQL";
            self.report(Problem::error(code::CONTRADICTION, text.whole(), title).help("leave the key out"));
            return None;
        }
        Some(text)
    }

    /// A text as a name.
    pub(super) fn name(&mut self, raw: &str, span: Range<usize>) -> Option<Word> {
        match Name::new(raw) {
            Ok(name) => Some(Word { name, span }),
            Err(error) => {
                self.report(Problem::error(code::NAME, span, error.to_string()));
                None
            }
        }
    }

    /// The keys of a table as names. A key that PostgreSQL would cut is reported together with the one that it would then be
    /// equal to.
    pub(super) fn named<'t>(
        &mut self,
        entries: Vec<(&'t Key<'a>, &'t Value<'a>)>,
    ) -> Vec<(Word, &'t Value<'a>)> {
        let keys: Vec<&Key<'a>> = entries.iter().map(|(key, _)| *key).collect();
        let mut named = Vec::new();
        for (key, value) in entries {
            match Name::new(key.get_ref().as_ref()) {
                Ok(name) => named.push((Word { name, span: key.span() }, value)),
                Err(error) => {
                    let mut problem = Problem::error(code::NAME, key.span(), error.to_string());
                    if matches!(error, NameError::TooLong { .. }) {
                        let cut =
                            |key: &Key<'_>| key.get_ref().bytes().take(NAME_BYTES_MAX).collect::<Vec<_>>();
                        for twin in
                            keys.iter().filter(|other| other.span() != key.span() && cut(other) == cut(key))
                        {
                            problem = problem
                                .context(twin.span(), format!("`{}` would be the same name", twin.get_ref()));
                        }
                    }
                    self.report(problem);
                }
            }
        }
        named
    }
}

//! Whether a type is known: PostgreSQL's own, an enum of ours, an enum required of another service, or an extension's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::build::Draft;
use super::code;
use super::cursor::TypeRead;
use super::extensions::provider;
use super::problem::Problem;
use super::requires::RequiresRead;
use super::suggest::nearest;
use crate::address::{Address, Tag};
use crate::kind::extension::Extension;
use crate::name::{Name, QName};
use crate::sql::TypeName;

/// The types that a manifest may use beside PostgreSQL's own.
#[derive(Debug)]
pub(super) struct Types<'a> {
    pub(super) home: &'a Name,
    /// Enums with the places of their declarations: our own, and required ones.
    pub(super) enums: BTreeMap<QName, Range<usize>>,
    pub(super) extensions: BTreeSet<Name>,
}

/// PostgreSQL's own types that nobody names often enough for [`TypeName`] to know them.
const RARE: &[&str] = &[
    "aclitem",
    "cid",
    "int2vector",
    "oidvector",
    "pg_snapshot",
    "refcursor",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regprocedure",
    "regrole",
    "tid",
];

/// Whether a type is one of PostgreSQL's rare ones.
pub(super) fn is_rare(name: &Name) -> bool {
    RARE.contains(&name.as_str())
}

/// What other databases call a type.
const ABROAD: &[(&str, &str)] = &[
    ("blob", "bytea"),
    ("clob", "text"),
    ("datetime", "timestamptz"),
    ("datetime2", "timestamptz"),
    ("double", "double precision"),
    ("guid", "uuid"),
    ("long", "bigint"),
    ("longtext", "text"),
    ("mediumtext", "text"),
    ("number", "numeric"),
    ("nvarchar", "varchar"),
    ("string", "text"),
    ("tinyint", "smallint"),
    ("tinytext", "text"),
    ("uniqueidentifier", "uuid"),
    ("varbinary", "bytea"),
    ("varchar2", "varchar"),
];

impl<'a> Types<'a> {
    pub(super) fn new(
        home: &'a Name,
        draft: &Draft,
        required: &RequiresRead,
        extensions: &[Extension],
    ) -> Self {
        let own = draft.enums.iter().cloned();
        let required = required.list.iter().flat_map(|of| &of.enums).map(|name| {
            let place = required.places.get(&Address::top(Tag::Enum, name));
            (name.clone(), place.cloned().unwrap_or_default())
        });
        let extensions = extensions.iter().map(|extension| extension.name.clone()).collect();
        Self { home, enums: own.chain(required).collect(), extensions }
    }

    /// The problem with a type, if there is one. A type with a schema before it is taken on trust: it is somebody else's.
    pub(super) fn check(&self, read: &TypeRead) -> Option<Problem> {
        let TypeRead { name: type_name, span, qualified } = read;
        let Some(found) = type_name.user_type() else { return unmodified(type_name, span) };
        let name = found.name;
        if *qualified || is_rare(&name) {
            return None;
        }
        let qualified = QName { schema: self.home.clone(), name };
        if self.enums.contains_key(&qualified) {
            return None;
        }
        let name = qualified.name;
        if let Some(extension) = provider(&name) {
            let declared = self.extensions.iter().any(|known| known.as_str() == extension);
            let title =
                format!("the type `{name}` comes from the extension `{extension}`, which is not declared");
            let problem = Problem::error(code::EXTENSION_TYPE, span.clone(), title);
            let problem = problem.help(format!("add `{extension} = \"*\"` to [extensions]"));
            return (!declared).then_some(problem);
        }
        Some(self.unknown(&name, span))
    }

    fn unknown(&self, name: &Name, span: &Range<usize>) -> Problem {
        let problem = Problem::error(code::TYPE, span.clone(), format!("unknown type `{name}`"))
            .label("neither a type of PostgreSQL nor an enum declared here");
        if let Some((_, ours)) = ABROAD.iter().find(|(abroad, _)| *abroad == name.as_str()) {
            return problem.help(format!("PostgreSQL calls it `{ours}`"));
        }
        let ours = self.enums.keys().filter(|known| known.schema == *self.home);
        let serials = ["serial", "bigserial", "smallserial"];
        let mut known: Vec<&str> = ours.map(|known| known.name.as_str()).collect();
        for own in TypeName::known().chain(serials) {
            known.push(own);
        }
        let Some(known) = nearest(name.as_str(), known) else {
            return problem.help("declare it in [enums], or write its schema before it if it is not ours");
        };
        let declared = self.enums.iter().find(|(other, _)| other.name.as_str() == known);
        match declared {
            Some((_, place)) => problem.context(place.clone(), "declared here"),
            None => problem,
        }
        .help(format!("did you mean `{known}`?"))
    }
}

/// PostgreSQL's own types that take something in brackets.
const MODIFIED: &[&str] = &["bit", "bpchar", "character", "interval", "numeric", "time", "timestamp"];

/// The problem with a modifier of a type that takes none: `int(11)` is another database's.
fn unmodified(type_name: &TypeName, span: &Range<usize>) -> Option<Problem> {
    let (base, _) = type_name.as_str().split_once('(')?;
    if MODIFIED.iter().any(|modified| base.split(' ').next() == Some(modified)) {
        return None;
    }
    let problem = Problem::error(code::TYPE, span.clone(), format!("`{base}` takes nothing in brackets"));
    Some(problem.help(format!("write `{base}`")))
}

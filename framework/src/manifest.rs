//! Manifests: a service's slice of the database, declared in TOML with SQL where SQL has words.
//!
//! A manifest becomes the same values that the catalog is read into (see [`crate::kind`]). Reading one is pure: text in,
//! values or problems out. All problems of a file come at once, by place; what only follows from another is held back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use semver::Version;
use serde::Serialize;
use toml::de::DeTable;

use crate::address::Address;
use crate::drops::Drops;
use crate::name::{Name, QName};
use crate::rename::Hints;
use crate::schema::{Schema, fingerprint};
use crate::seed::Seed;
use crate::sql::{Expr, TypeName};
use crate::step::Place;

mod advice;
mod attributes;
mod build;
mod bundle;
mod check;
mod checks;
pub mod code;
mod column;
mod constraint;
mod cursor;
mod drops;
mod enums;
mod expression;
mod extensions;
mod foreign_key;
mod former;
mod functions;
mod grammar;
mod grants;
mod handover;
mod include;
mod index;
mod mentioned;
mod names;
mod options;
mod problem;
mod requires;
mod routine;
mod schemas;
mod seeds;
mod sequences;
mod service;
mod sources;
mod suggest;
mod tables;
mod text;
mod triggers;
mod types;
mod walk;
pub mod write;

pub use bundle::{Bundle, Files, beside, fits};
pub use checks::Check;
pub use grammar::json_schema;
pub use problem::{Problem, Problems, Severity};
pub use requires::{Requirement, WhenMissing};
pub use service::Service;
pub use sources::{Positions, Source, Sources};
#[cfg(feature = "cli")]
pub(crate) use suggest::nearest;

/// A service's slice, as declared.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Who it belongs to.
    pub service: Service,
    /// What it leans on in other services' slices, in the order of the file.
    pub requires: Vec<Requirement>,
    /// The objects.
    pub schema: Schema,
    /// The rows that tables are to have, in the order of the file.
    pub seeds: Vec<Seed>,
    /// The columns that may be added though the table is written again for it.
    pub allow_rewrite: BTreeSet<Address>,
    /// The columns whose former name stays beside the new one until a version, and that version.
    pub keep_old: BTreeMap<Address, Version>,
    /// How a column's values become another type.
    pub using: BTreeMap<Address, Expr>,
    /// What rows get that have no value in a column that is to refuse null.
    pub backfill: BTreeMap<Address, Expr>,
    /// What must be true of the rows, with its place.
    pub checks: Vec<(Check, Place)>,
    /// What SQLite is to have of a column in place of what is declared: what follows the column's name there.
    pub sqlite: BTreeMap<Address, Expr>,
    /// The indexes and constraints that are for PostgreSQL only.
    pub postgres_only: BTreeSet<Address>,
    /// What its objects were called before.
    pub hints: Hints,
    /// What may go.
    pub drops: Drops,
    /// What it takes from other services, each with the one that has it until then.
    pub taken: BTreeMap<Address, String>,
    /// The enums whose values may be put in the order of the manifest, though the tables that hold them are written again for it.
    pub reorder: BTreeSet<Address>,
    /// The fingerprint that it is recorded with, where an earlier slice is gone back to: hints and drops are not its own then.
    pub went_back: Option<String>,
    /// Where each object is declared, columns among them, and the required tables, columns and enums.
    pub places: BTreeMap<Address, Place>,
    /// What it was read from: the text of its file, or all of its files packed; [`Self::unpack`] reads it again.
    pub text: String,
    /// The file, as it was named.
    pub file: String,
    /// All files that it was read from, itself first.
    pub sources: Sources,
    /// The places in bytes of all files, for problems that only show beside other manifests.
    pub spans: BTreeMap<Address, Range<usize>>,
    /// Where its version stands, in the same bytes.
    pub version_span: Range<usize>,
}

/// A manifest without errors.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The manifest.
    pub manifest: Manifest,
    /// What will probably be regretted, by place.
    pub warnings: Vec<Problem>,
}

const KEYS: walk::Keys = walk::Keys {
    place: "a manifest",
    known: &[
        "manifest",
        "include",
        "service",
        "schemas",
        "extensions",
        "requires",
        "enums",
        "sequences",
        "functions",
        "grants",
        "tables",
        "seeds",
        "checks",
        "drops",
    ],
    later: &["views"],
};

impl Manifest {
    /// Reads a manifest that stands alone. `file` is only a name for messages and places.
    ///
    /// # Errors
    /// With all that is wrong with it, warnings among them, when any of it is an error.
    pub fn parse(file: &str, text: &str) -> Result<Parsed, Problems> {
        Self::parse_with(file, text, &Bundle::default())
    }

    /// Reads a manifest that may name other files. They are relative to `file`, and come from `files`.
    ///
    /// # Errors
    /// As [`Self::parse`], with what is wrong with the other files.
    pub fn parse_with(file: &str, text: &str, files: &dyn Files) -> Result<Parsed, Problems> {
        let loaded = include::load(file, text, files);
        let mut walk = walk::Walk::new(&loaded, files);
        let manifest =
            include::tree(&loaded.sources, &mut walk).and_then(|tree| read(file, &tree, &mut walk));
        let (mut list, sources) = walk.finish();
        list.sort_by(|one, other| (one.span.start, one.code).cmp(&(other.span.start, other.code)));
        match manifest {
            Some(manifest) if list.iter().all(|problem| problem.severity == Severity::Warning) => {
                Ok(Parsed { manifest, warnings: list })
            }
            _ => Err(Problems { sources, list }),
        }
    }

    /// Reads again what a manifest's [`text`](Self::text) holds. `file` is its name if it is a single file.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn unpack(file: &str, text: &str) -> Result<Parsed, Problems> {
        let (file, text, files) = Bundle::unpack(file, text);
        Self::parse_with(&file, &text, &files)
    }

    /// A manifest that was checked and packed when this program was built; see [`crate::manifest!`].
    #[doc(hidden)]
    #[must_use]
    pub fn bundled(packed: &str) -> Self {
        let parsed = Self::unpack("manifest", packed);
        // The build script has read these very bytes with this very code, and would have ended the build.
        parsed.unwrap_or_else(|problems| unreachable!("the build let a manifest pass:\n{problems}")).manifest
    }

    /// A short hash of what is declared: two manifests with the same one ask for the same slice. Layout, comments, line ends,
    /// the order of tables and of seeded rows, the version and the file do not change it; the order of columns does.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        if let Some(earlier) = &self.went_back {
            return earlier.clone();
        }
        let Service { name, version: _, schema, prefix, owner } = &self.service;
        let mut requires: Vec<_> = self.requires.iter().map(Requirement::content).collect();
        requires.sort_by(|one, other| one.service.cmp(other.service));
        let objects: Vec<_> = self.schema.objects.values().collect();
        let sqlite = (self.sqlite.iter().collect(), &self.postgres_only);
        // As after a checkout on Windows.
        let files = self.sources.named().map(|file| fingerprint(&file.text.replace("\r\n", "\n"))).collect();
        let mut seeds = self.seeds.clone();
        seeds.sort_by(|one, other| one.table.cmp(&other.table));
        seeds.iter_mut().for_each(|seed| seed.rows.sort());
        let mut checks: Vec<&Check> = self.checks.iter().map(|(check, _)| check).collect();
        checks.sort_by(|one, other| one.name.cmp(&other.name));
        fingerprint(&Content {
            service: name,
            schema,
            prefix,
            owner,
            requires,
            objects,
            files,
            seeds,
            checks,
            sqlite,
            keep_old: self.keep_old.iter().map(|(column, until)| (column, until.to_string())).collect(),
            hints: &self.hints,
            drops: &self.drops,
            taken: self.taken.iter().collect(),
        })
    }
}

/// What the fingerprint is taken of.
#[derive(Serialize)]
struct Content<'a> {
    service: &'a str,
    schema: &'a Name,
    prefix: &'a Option<String>,
    owner: &'a Option<Name>,
    requires: Vec<RequirementContent<'a>>,
    objects: Vec<&'a crate::kind::Object>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<&'a Check>,
    sqlite: (Vec<(&'a Address, &'a Expr)>, &'a BTreeSet<Address>),
    /// The hashes of the files that it names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    files: BTreeSet<String>,
    seeds: Vec<Seed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keep_old: Vec<(&'a Address, String)>,
    #[serde(skip_serializing_if = "Hints::is_empty")]
    hints: &'a Hints,
    #[serde(skip_serializing_if = "Drops::is_empty")]
    drops: &'a Drops,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taken: Vec<(&'a Address, &'a String)>,
}

/// A requirement in a form that JSON can hold: no name is a key in it.
#[derive(Serialize)]
struct RequirementContent<'a> {
    service: &'a str,
    version: Option<String>,
    when_missing: WhenMissing,
    tables: Vec<(&'a QName, Vec<(&'a Name, &'a TypeName)>)>,
    enums: BTreeSet<&'a QName>,
}

impl Requirement {
    fn content(&self) -> RequirementContent<'_> {
        let tables = self.tables.iter().map(|(name, columns)| (name, columns.iter().collect()));
        RequirementContent {
            service: &self.service,
            version: self.version.as_ref().map(ToString::to_string),
            when_missing: self.when_missing,
            tables: tables.collect(),
            enums: self.enums.iter().collect(),
        }
    }
}

/// The manifest of a service, checked and packed into this program when it was built: `freehold::manifest!("order-service")`. The build
/// script of the package says where manifests are: [`build::manifests("../manifests")`](crate::build::manifests).
#[macro_export]
macro_rules! manifest {
    ($service:literal) => {
        $crate::Manifest::bundled(include_str!(concat!(
            env!(
                "OUT_DIR",
                "no build script: let build.rs call freehold::build::manifests(\"../manifests\")"
            ),
            "/freehold/",
            $service,
            ".json"
        )))
    };
}

/// Reads the tree. `None` when there is no telling whose manifest it is.
fn read<'a>(file: &str, root: &DeTable<'a>, walk: &mut walk::Walk<'a>) -> Option<Manifest> {
    walk.format(root, &KEYS);
    let service = service::service(root, &KEYS, walk);
    let home = &service.schema;
    let mut draft = build::Draft::default();
    let schemas = schemas::schemas(root, walk, &mut draft);
    let extensions = extensions::extensions(root, walk, &mut draft.places);
    let required = requires::requires(root, home, walk);
    enums::enums(root, home, walk, &mut draft);
    let sequences = sequences::sequences(root, home, walk);
    functions::functions(root, home, walk, &mut draft);
    let mut tables = tables::tables(root, home, walk);
    let types = types::Types::new(home, &draft, &required, &extensions);
    let checks = checks::checks(root, walk);
    let unknown = check::types(&tables, &required, &types, walk);
    names::settle(&mut tables, &draft.enums, &sequences, service.prefix.as_ref(), walk);
    check::requires(&service, &tables, &draft.enums, &required, walk);
    check::keys(&tables, walk);
    check::indexes(&tables, walk);
    check::triggers(&tables, walk);
    let parents = foreign_key::Parents { home, tables: &tables, requires: &required, unknown: &unknown };
    parents.check(walk);
    advice::advice(&tables, walk);
    attributes::settle(&tables, walk);
    sequences::settle(&sequences, &tables, &mut draft, walk);
    grants::grants(root, home, &tables, walk, &mut draft);
    for table in &tables {
        draft.table(table, &parents);
    }
    let hints = former::settle(&draft, walk);
    let own = service.service.as_ref().map(|service| service.name.as_str());
    handover::settle(&draft, own, walk);
    let drops = drops::drops(root, (home, own), &mut draft, walk);
    let owner = service.service.as_ref().and_then(|service| service.owner.as_ref());
    draft.namespaces(&extensions, schemas.into_iter().chain([home.clone()]), owner, &service.place);
    let ground = seeds::Ground { home, tables: &tables, requires: &required, objects: &draft.objects };
    let seeded = seeds::seeds(root, &ground, walk);
    let objects = extensions.into_iter().map(Into::into).chain(draft.objects);
    let mut spans = draft.places;
    spans.extend(draft.dropped);
    spans.extend(seeded.iter().map(|(seed, span)| (seed.address(), span.clone())));
    spans.extend(required.places.iter().map(|(address, span)| (address.clone(), span.clone())));
    spans.extend(draft.released);
    let sources = walk.sources().clone();
    let positions = sources.positions();
    let place = |span: &Range<usize>| positions.place(span.start);
    Some(Manifest {
        schema: objects.collect(),
        requires: required.list,
        seeds: seeded.into_iter().map(|(seed, _)| seed).collect(),
        allow_rewrite: draft.allow_rewrite,
        keep_old: draft.keep_old,
        using: draft.using,
        backfill: draft.backfill,
        checks: checks.into_iter().map(|(check, span)| (check, place(&span))).collect(),
        sqlite: draft.sqlite,
        postgres_only: draft.postgres_only,
        hints,
        drops,
        taken: draft.taken.into_iter().map(|(address, (giver, _))| (address, giver)).collect(),
        reorder: draft.reorder,
        went_back: None,
        places: spans.iter().map(|(address, span)| (address.clone(), place(span))).collect(),
        text: sources.packed(),
        file: file.to_owned(),
        version_span: service.version,
        service: service.service?,
        spans,
        sources,
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::schema;

//! One pair: a database as it was and as it is to be. A service that owns the first is released with the manifest of the second, and the other
//! way round.

use crate::Outcome;
use crate::explained::{Told, about, are_named, unexplained, words};
use crate::oracle::{Inventory, delta, inventory};
use crate::slice::{Service, imported};
use crate::trip::owners;
use freehold::address::Tag;
use freehold::bringup;
use freehold::import::{Imported, Left};
use freehold_tests::binaries;
use freehold_tests::corpus;
use freehold_tests::database::Database;
use freehold_tests::versions::had_by;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Roles that a script may name.
const ROLES_MAX: usize = 20;

/// A case of the corpus.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) suite: String,
    pub(crate) case: String,
    folder: PathBuf,
    pub(crate) roles: Vec<String>,
    /// Whether it needs no kind beyond tables and what belongs to them, by the corpus's own account.
    pub(crate) plain: bool,
}

/// From the old one to the new one, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Forth,
    Back,
}

/// What came of one way.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The oracle sees no difference; whether a second plan was empty.
    Converged { second: bool },
    /// The oracle sees none but in what the imports told of, by kind.
    Reported { kinds: BTreeSet<String> },
    /// It did not get there: why in a few words, and all of it.
    Failed { why: String, whole: String },
}

/// All pairs, by suite and case.
pub(crate) fn all() -> Outcome<Vec<Pair>> {
    let Some(folder) = corpus::path().map(|path| path.join("pairs")).filter(|path| path.is_dir()) else {
        return Ok(Vec::new());
    };
    let mut pairs = Vec::new();
    for suite in fs::read_dir(folder)? {
        for case in fs::read_dir(suite?.path())? {
            let folder = case?.path();
            let meta: Value = serde_json::from_str(&fs::read_to_string(folder.join("pair.json"))?)?;
            let list = |key: &str| -> Vec<String> {
                let values = meta.get(key).and_then(Value::as_array).into_iter().flatten();
                values.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            pairs.push(Pair {
                suite: name(folder.parent().unwrap_or(&folder)),
                case: name(&folder),
                roles: list("roles"),
                plain: list("needs").is_empty(),
                folder,
            });
        }
    }
    pairs.sort_by(|one, other| (&one.suite, &one.case).cmp(&(&other.suite, &other.case)));
    Ok(pairs)
}

impl Pair {
    /// Tries both ways.
    pub(crate) async fn run(&self, template: &Database) -> Outcome<Vec<(Way, End)>> {
        let old = self.load(template, "old").await?;
        let new = self.load(template, "new").await?;
        open_to_owners(&[&old, &new]).await?;
        let of_old = imported(&old).await?;
        let of_new = imported(&new).await?;
        let as_old = inventory(&old).await?;
        let as_new = inventory(&new).await?;
        let mut owned = owners(&[&old, &new]).await?;
        let forth = converge(&old, &of_old, (&of_new, &as_new)).await;
        let back = converge(&new, &of_new, (&of_old, &as_old)).await;
        // What was there before may have gone, or belong to something in the attic.
        owned.extend(owners(&[&old, &new]).await?);
        let forth = self.judged(forth, &of_old, &of_new, owned.clone());
        let back = self.judged(back, &of_new, &of_old, owned);
        Ok(vec![(Way::Forth, forth), (Way::Back, back)])
    }

    /// What makes the one database.
    fn script(&self, which: &str) -> Outcome<String> {
        let setup = fs::read_to_string(self.folder.join("setup.sql")).unwrap_or_default();
        let script = fs::read_to_string(self.folder.join(format!("{which}.sql")))?;
        Ok(format!("{setup}\n{script}"))
    }

    /// Whether a server of this version takes both scripts.
    pub(crate) fn had_by(&self, version: u32) -> Outcome<bool> {
        Ok(had_by(version, &self.script("old")?) && had_by(version, &self.script("new")?))
    }

    /// A database made by the author's own script.
    async fn load(&self, template: &Database, which: &str) -> Outcome<Database> {
        let whole = self.script(which)?;
        let commands = whole.lines().any(|line| line.starts_with('\\'));
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("script.sql");
        fs::write(&file, &whole)?;
        let program = binaries::client("psql").map_err(|failure| failure.to_string())?;
        for _ in 0..ROLES_MAX {
            let database = template.copy(&format!("pair_{which}")).await;
            // One message is quicker than psql; what cannot be one, or must be several transactions, is psql's.
            if !commands && database.execute(&whole).await.is_ok() {
                return Ok(database);
            }
            let mut psql = Command::new(&program);
            psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&file);
            let output = database.address().hand_to(&mut psql).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            match absent_role(&said) {
                _ if output.status.success() => return Ok(database),
                // Roles are the server's; scripts take them for granted.
                Some(role) => drop(database.execute(&format!("create role \"{role}\"")).await),
                None => return Err(said.into()),
            }
        }
        Err("it needs too many roles".into())
    }

    fn judged(
        &self,
        found: Result<Ended, String>,
        from: &Imported,
        to: &Imported,
        owners: BTreeMap<String, String>,
    ) -> End {
        let mut left: Vec<_> = from.left.iter().chain(&to.left).cloned().collect();
        let Ended { delta, second, stays } = match found {
            Ok(found) => found,
            // What leans on something that a manifest cannot say has nothing to stand on where that is not.
            Err(error) => {
                if !self.plain && is_anothers(&error) {
                    return End::Reported { kinds: BTreeSet::from(["table of another role".to_owned()]) };
                }
                return match blamed(&error, &left) {
                    Some(kinds) if !self.plain => End::Reported { kinds },
                    _ => End::failed(&error),
                };
            }
        };
        let histories = from.histories.iter().chain(&to.histories);
        let away = histories.map(|history| history.table.name.to_string()).collect();
        let placed = [from, to].into_iter().flat_map(in_their_schemas).chain(stays.iter().cloned());
        let placed: Vec<_> = placed.collect();
        left.extend(stays);
        let told_kinds = || left.iter().map(|left| left.kind.clone()).collect();
        let unseen = unexplained(&delta, &Told { left: &placed, standing: true, away, owners });
        match (unseen.is_empty(), unexplained(&delta, &Told::nothing()).is_empty()) {
            (true, true) => End::Converged { second },
            (true, false) => End::Reported { kinds: told_kinds() },
            (false, _) => End::differs(&unseen),
        }
    }
}

/// What a script hands over to a role, that role is to change: until PostgreSQL 15 everybody could make something in `public`.
async fn open_to_owners(databases: &[&Database]) -> Outcome {
    const OWNERS: &str = "select coalesce(json_agg(distinct quote_ident(r.rolname)), '[]')::text from pg_shdepend d join pg_roles r on r.oid = d.refobjid
        where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and not r.rolsuper
        and d.dbid = (select oid from pg_database where datname = current_database())";
    let mut roles: BTreeSet<String> = BTreeSet::new();
    for database in databases {
        let json = database.fetch_one_text(OWNERS).await?;
        roles.extend(serde_json::from_str::<BTreeSet<String>>(&json)?);
    }
    for database in databases {
        for role in &roles {
            database.execute(&format!("grant create on schema public to {role}")).await?;
        }
    }
    Ok(())
}

/// What an import left, with the schema of each: what is in the service's own it tells without.
fn in_their_schemas(import: &Imported) -> Vec<Left> {
    let manifest = freehold::Manifest::parse("import.toml", &import.text);
    let home = manifest.map(|parsed| parsed.manifest.service.schema).ok();
    let kinds = [
        "domain",
        "range type",
        "base type",
        "composite type",
        "view",
        "materialized view",
        "foreign table",
        "partitioned table",
        "partition",
        "typed table",
        "inherited table",
        "function",
        "procedure",
        "aggregate",
    ];
    let alone = |left: &Left| {
        let name = left.name.split([' ', '(']).next().unwrap_or_default();
        kinds.contains(&left.kind.as_str()) && !name.contains('.')
    };
    let named = import.left.iter().map(|left| match &home {
        Some(home) if alone(left) => Left { name: format!("{home}.{}", left.name), ..left.clone() },
        _ => left.clone(),
    });
    named.collect()
}

/// Whether nothing was begun because tables belong to a role that the service may not act for: no manifest says whose each one is.
fn is_anothers(error: &str) -> bool {
    error.lines().next() == Some("refused: FH314")
}

/// The kinds of what was told of and an error is about; `None` when some of it is about nothing of the kind.
fn blamed(error: &str, left: &[Left]) -> Option<BTreeSet<String>> {
    let about: Vec<(&Left, Vec<String>)> = left.iter().map(|left| (left, about(left))).collect();
    let mut kinds = BTreeSet::new();
    // Refusals stand under their codes, one a line.
    let lines = error.lines().skip(usize::from(error.lines().count() > 1));
    for line in lines {
        let words = words(line);
        let named: Vec<String> = about
            .iter()
            .filter(|(_, names)| are_named(names, &words))
            .map(|(left, _)| left.kind.clone())
            .collect();
        if named.is_empty() {
            return None;
        }
        kinds.extend(named);
    }
    Some(kinds)
}

/// The role that a script misses, if that is its trouble.
fn absent_role(said: &str) -> Option<&str> {
    said.split_once("role \"")?.1.split_once("\" does not exist").map(|(role, _)| role)
}

impl End {
    fn failed(error: &str) -> Self {
        // Names and numbers in quotes tell one case from the other, and not why.
        let mut plain = String::new();
        for (position, part) in error.lines().next().unwrap_or_default().split(['"', '`']).enumerate() {
            plain.push_str(if position % 2 == 0 { part } else { "…" });
        }
        let why: String = plain.chars().take(120).collect();
        Self::Failed { why, whole: error.to_owned() }
    }

    /// By what the oracle sees: `add` is what the database has and should not have.
    fn differs(unseen: &[String]) -> Self {
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for line in unseen {
            let mut words = line.split(' ');
            let what = match words.next() {
                Some("add") => "left in place",
                Some("drop") => "missing",
                _ => "different",
            };
            kinds.entry(what).or_default().extend(words.next());
        }
        let why = kinds
            .into_iter()
            .map(|(what, kinds)| format!("{what}: {}", kinds.into_iter().collect::<Vec<_>>().join(", ")));
        Self::Failed { why: why.collect::<Vec<_>>().join("; "), whole: unseen.join("\n") }
    }
}

/// What a way ended with.
struct Ended {
    /// What the oracle sees.
    delta: Value,
    /// Whether a second plan is empty.
    second: bool,
    /// What that plan says stays though it is not declared: extensions that others lean on.
    stays: Vec<Left>,
}

/// A service owns what is there, and then its next version is started.
async fn converge(
    on: &Database,
    standing: &Imported,
    (next, as_wanted): (&Imported, &Inventory),
) -> Result<Ended, String> {
    let found = try_to_converge(on, standing, (next, as_wanted)).await;
    // An error of any kind is none that may be sent to another thread.
    found.map_err(|error| error.to_string())
}

async fn try_to_converge(
    on: &Database,
    standing: &Imported,
    (next, as_wanted): (&Imported, &Inventory),
) -> Outcome<Ended> {
    let service = Service::new(on.address(), &standing.text)?;
    match service.start().await? {
        bringup::Outcome::Applied(applied) if applied.steps == 0 => {}
        bringup::Outcome::Refused(refusals) => return Err(refused("adopting is refused", &refusals).into()),
        other => return Err(format!("adopting ends otherwise: {other:?}").into()),
    }
    let text = next.text.replacen("version = \"1.0.0\"", "version = \"2.0.0\"", 1);
    let service = Service::pruning(on.address(), &text)?;
    comes_up(&service).await?;
    let mut found = delta(as_wanted, &inventory(on).await?);
    if leaves_extensions(&found) {
        // What the attic still uses goes once that has gone.
        service.purge().await?;
        comes_up(&service).await?;
        found = delta(as_wanted, &inventory(on).await?);
    }
    let second = service.survey(true).await?;
    let stays = second.plan.left_alone.iter().filter(|address| address.tag == Tag::Extension);
    let stays = stays.map(|address| Left { kind: "extension".to_owned(), name: address.name.to_string() });
    Ok(Ended { delta: found, second: second.plan.is_empty(), stays: stays.collect() })
}

async fn comes_up(service: &Service) -> Outcome {
    match service.start().await? {
        bringup::Outcome::Applied(_) | bringup::Outcome::Unchanged => Ok(()),
        bringup::Outcome::Refused(refusals) => Err(refused("refused", &refusals).into()),
        other => Err(format!("it ends otherwise: {other:?}").into()),
    }
}

fn leaves_extensions(delta: &Value) -> bool {
    let added = delta.get("extension").and_then(|row| row.get("add")).and_then(Value::as_array);
    added.is_some_and(|added| !added.is_empty())
}

fn refused(what: &str, refusals: &[freehold::kind::Refusal]) -> String {
    let codes: BTreeSet<&str> = refusals.iter().map(|refusal| refusal.code).collect();
    let lines =
        refusals.iter().map(|refusal| format!("{}: {} {}", refusal.code, refusal.object, refusal.what));
    let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
    format!("{what}: {codes}\n{}", lines.collect::<Vec<_>>().join("\n"))
}

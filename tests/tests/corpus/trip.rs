//! The round trip of one database: import, an empty plan, the same again from nothing, the same import again, and adoption.

use crate::explained::{Told, unexplained};
use crate::original::Original;
use crate::slice::{Service, imported, listed};
use crate::{Outcome, dumped, ground, oracle};
use freehold::bringup;
use freehold::import::Imported;
use freehold::kind::Object;
use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::proxy::{Counts, Fault, Proxy};
use std::collections::BTreeMap;

/// What came of one database.
#[derive(Default)]
pub(crate) struct Trip {
    pub(crate) name: String,
    /// Why it could not be made at all.
    pub(crate) skipped: Option<String>,
    /// The objects of the manifests, by kind.
    pub(crate) written: BTreeMap<&'static str, usize>,
    /// What cannot be written, by kind.
    pub(crate) left: BTreeMap<String, usize>,
    /// The tables that are other tools' histories.
    pub(crate) histories: usize,
    /// What went wrong, by what was tried.
    pub(crate) wrong: BTreeMap<&'static str, String>,
}

pub(crate) const PLAN: &str = "planning the import against its own database finds nothing to do";
pub(crate) const APPLY: &str = "applied to an empty database";
pub(crate) const SAME: &str = "the oracle sees no difference but what the import told of";
pub(crate) const DUMP: &str = "pg_dump says the same but for what the import told of";
pub(crate) const SECOND: &str = "a second plan is empty";
pub(crate) const AGAIN: &str = "imported again, the manifest is the same";
pub(crate) const ADOPT: &str = "adopted without a change, and the next start is one message";

const ONE_MESSAGE: Counts =
    Counts { connections: 1, messages: 1, queries: 1, parses: 0, executes: 0, answers: 1 };

/// Makes the whole trip. What goes wrong is in it, and not an error.
pub(crate) async fn trip(cluster: &Cluster, original: &Original) -> Outcome<Trip> {
    let mut trip = Trip { name: original.name.clone(), ..Trip::default() };
    let theirs = match original.load().await? {
        Ok(theirs) => theirs,
        Err(why) => {
            trip.skipped = Some(why);
            return Ok(trip);
        }
    };
    let imported = imported(&theirs).await?;
    trip.count(&imported);
    let found = planned(&theirs, &imported).await;
    trip.note(PLAN, found);
    again(&mut trip, &theirs, &imported).await?;
    let adopted = adopted(cluster, &theirs, &imported).await;
    trip.note(ADOPT, adopted);
    Ok(trip)
}

impl Trip {
    fn note(&mut self, what: &'static str, found: Outcome) {
        if let Err(error) = found {
            self.wrong.entry(what).or_default().push_str(&error.to_string());
        }
    }

    fn count(&mut self, imported: &Imported) {
        for object in imported.schema.objects.values() {
            *self.written.entry(object.address().tag.word()).or_default() += 1;
            if let Object::Table(table) = object {
                *self.written.entry("column").or_default() += table.columns.len();
            }
        }
        for left in &imported.left {
            *self.left.entry(left.kind.clone()).or_default() += 1;
        }
        self.histories += imported.histories.len();
    }
}

/// Planned against the database that it came from, nothing is to be done.
async fn planned(theirs: &Database, imported: &Imported) -> Outcome {
    let survey = Service::new(theirs.address(), &imported.text)?.survey(false).await?;
    if survey.plan.is_empty() { Ok(()) } else { Err(listed(&survey).into()) }
}

/// Made from nothing, it is the same.
async fn again(trip: &mut Trip, theirs: &Database, imported: &Imported) -> Outcome {
    let ours = Database::create(&format!("again_{}", trip.name)).await;
    ground::put(theirs, &ours, &imported.left)?;
    let service = Service::new(ours.address(), &imported.text)?;
    let applied = applied(&service).await;
    let failed = applied.is_err();
    trip.note(APPLY, applied);
    if failed {
        return Ok(());
    }
    let second = service.survey(false).await?;
    trip.note(SECOND, if second.plan.is_empty() { Ok(()) } else { Err(listed(&second).into()) });
    let told = Told {
        left: &imported.left,
        standing: false,
        away: imported.histories.iter().map(|history| history.table.name.to_string()).collect(),
        owners: owners(&[theirs, &ours]).await?,
    };
    trip.note(SAME, same(theirs, &ours, &told).await);
    trip.note(DUMP, dumped::same(&theirs.dump(), &ours.dump(), &told));
    let once_more = self::imported(&ours).await?;
    let difference = difference::lines(&declared(&imported.text), &declared(&once_more.text));
    trip.note(AGAIN, if difference.is_empty() { Ok(()) } else { Err(format!("\n{difference}").into()) });
    Ok(())
}

/// A manifest without the remarks at its end, which tell of a database and not of what is declared.
fn declared(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.join("\n")
}

/// What the indexes and sequences of some databases belong to.
pub(crate) async fn owners(databases: &[&Database]) -> Outcome<BTreeMap<String, String>> {
    const OWNERS: &str = "set search_path = pg_catalog; select coalesce(json_object_agg(o.name, o.owner), '{}')::text from (
        select indexrelid::regclass::text as name, indrelid::regclass::text as owner from pg_index where indexrelid >= 16384
        union all
        select d.objid::regclass::text, d.refobjid::regclass::text || '.' || quote_ident(a.attname)
        from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
        join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')) o";
    let mut owners = BTreeMap::new();
    for database in databases {
        let json = database.fetch_one_text(OWNERS).await?;
        owners.extend(serde_json::from_str::<BTreeMap<String, String>>(&json)?);
    }
    Ok(owners)
}

async fn applied(service: &Service) -> Outcome {
    match service.start().await? {
        bringup::Outcome::Applied(applied) if applied.waiting.is_empty() => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// The judge that is not of our making.
async fn same(theirs: &Database, ours: &Database, told: &Told<'_>) -> Outcome {
    let delta = oracle::delta(&oracle::inventory(theirs).await?, &oracle::inventory(ours).await?);
    let lines = unexplained(&delta, told);
    if lines.is_empty() { Ok(()) } else { Err(format!("\n{}", lines.join("\n")).into()) }
}

/// Started by us on what psql made: no DDL but the ledger's own, a ledger that knows every object, and then one message.
async fn adopted(cluster: &Cluster, theirs: &Database, imported: &Imported) -> Outcome {
    let service = Service::new(theirs.address(), &imported.text)?;
    let mark = cluster.log().mark();
    match service.start().await? {
        bringup::Outcome::Applied(applied) if applied.steps == 0 => {}
        other => return Err(format!("{other:?}").into()),
    }
    let log = cluster.log().since(mark).of_database(theirs.name());
    let of_the_ledger = |text: &&str| text.contains("freehold") || text.contains("\"migration\"");
    let outside: Vec<&str> = log.statements().into_iter().filter(|text| !of_the_ledger(text)).collect();
    if !outside.is_empty() {
        return Err(format!("statements were sent: {outside:?}").into());
    }
    let claimed = format!(
        "select count(*)::text from freehold.object where service = '{}'",
        service.manifest.service.name
    );
    let claimed: usize = theirs.fetch_one_text(&claimed).await?.parse()?;
    let declared = service.manifest.schema.objects.values();
    let declared = declared.filter(|object| !matches!(object, Object::Comment(_))).count();
    if claimed != declared {
        return Err(format!("the ledger knows {claimed} of {declared} objects").into());
    }
    let proxy = Proxy::start(theirs.address().port, Fault::None)?;
    let outcome = Service::new(&theirs.address().through(proxy.port()), &imported.text)?.start().await?;
    if !matches!(outcome, bringup::Outcome::Unchanged) || proxy.counts() != ONE_MESSAGE {
        return Err(format!("the next start: {outcome:?}, {:?}", proxy.counts()).into());
    }
    Ok(())
}

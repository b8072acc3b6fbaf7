//! What becomes of values when a plan goes back to an earlier version: which steps take them out of reach, which bring them back, and which
//! would lose something of them. Reads only.

use serde::Serialize;

use super::offenders::BEGIN;
use crate::address::{Address, Tag};
use crate::drops::column_of;
use crate::hazard::Hazard;
use crate::kind::table::retype::silent_loss;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};
use crate::step::Step;

/// What becomes of the values of a column, or of the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Loss {
    /// The number of the step in the plan, from 1; none for what is refused.
    pub(crate) step: Option<usize>,
    /// The column or table.
    #[serde(serialize_with = "path")]
    pub(crate) object: Address,
    /// What becomes of them.
    pub(crate) fate: Fate,
    /// How many there are; none where they cannot be counted, or not in time.
    pub(crate) values: Option<i64>,
}

/// What becomes of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// They go to the attic, and come back with the later version.
    Attic,
    /// They come back from the attic.
    Back,
    /// Something of them is lost for good.
    Lost,
}

fn path<S: serde::Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&address.path())
}

/// Looks at every step, and at what stands against the plan.
pub(crate) async fn losses(
    session: &mut Session,
    manifest: &Manifest,
    live: &Schema,
    plan: &Plan,
) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (position, step) in plan.steps.iter().enumerate() {
        let Some((fate, question)) = of_step(step, manifest, live) else { continue };
        let values = counted(session, &question).await;
        if fate != Fate::Lost || values != Some(0) {
            losses.push(Loss { step: Some(position + 1), object: step.object.clone(), fate, values });
        }
    }
    for refusal in plan.refusals.iter().filter(|refusal| refusal.code == "FH223") {
        let Some(question) = changed(&refusal.object, manifest, live) else { continue };
        let values = counted(session, &question).await;
        losses.push(Loss { step: None, object: refusal.object.clone(), fate: Fate::Lost, values });
    }
    losses
}

/// What a step does to values, and the question how many there are.
fn of_step(step: &Step, manifest: &Manifest, live: &Schema) -> Option<(Fate, Sql)> {
    let object = &step.object;
    let holds = matches!(object.tag, Tag::Table | Tag::Column);
    if holds && step.hazards.contains(&Hazard::Attic) {
        return Some((Fate::Attic, held(object)?));
    }
    if holds && step.hazards.contains(&Hazard::Back) {
        // They stand elsewhere yet.
        return Some((Fate::Back, Sql::default()));
    }
    // The statement that says how values become others is the one that loses.
    let retypes = object.tag == Tag::Column && step.run.as_str().contains(" type ");
    retypes.then(|| changed(object, manifest, live)).flatten().map(|question| (Fate::Lost, question))
}

/// How many values a column has, or rows a table.
fn held(object: &Address) -> Option<Sql> {
    let table = object.table()?;
    Some(match object.tag {
        Tag::Column => sql!("select count({})::text from {}", object.name, table),
        _ => sql!("select count(*)::text from {}", table),
    })
}

/// How many values would not be what they were, as the earlier type.
fn changed(column: &Address, manifest: &Manifest, live: &Schema) -> Option<Sql> {
    let (now, then) = (column_of(live, column)?, column_of(&manifest.schema, column)?);
    silent_loss(&now.type_name, &then.type_name)?;
    let (name, table) = (&column.name, column.table()?);
    Some(sql!(
        "select count(*)::text from {} where {}::{}::{} is distinct from {}",
        table,
        name,
        then.type_name,
        now.type_name,
        name
    ))
}

pub(super) async fn counted(session: &mut Session, question: &Sql) -> Option<i64> {
    if question.is_empty() {
        return None;
    }
    let answer = async {
        session.run(&Sql::fixed(BEGIN)).await?;
        session.value(question).await
    };
    let answer: Result<Option<String>, SessionError> = answer.await;
    if let Err(error) = &answer {
        tracing::debug!(%error, "the values could not be counted");
    }
    // Best effort: if the connection is gone, so is the transaction.
    if let Err(error) = session.run(&sql!("rollback")).await {
        tracing::debug!(%error, "could not roll back");
    }
    answer.ok().flatten()?.parse().ok()
}

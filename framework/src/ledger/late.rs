//! Steps that ran outside of a transaction, and could not be written down: their process died, or the server refused the record.
//!
//! A concurrent build cannot commit together with its record. So the plan of a run carries the statement of every such step, and
//! the next run, which has the service's lock and sees the index stand, writes the record into the run that was cut off.

use serde::Serialize;

use super::advisory::{self, Key};
use crate::address::Tag;
use crate::kind::Object;
use crate::kind::index::State;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::session::SessionError;
use crate::sql::{Literal, Sql, sql};
use crate::step::{Step, Transaction, Undo};

/// A step of the plan, as the history keeps it: without its SQL, which the record carries, but for what may lack a record.
#[derive(Serialize)]
struct Line<'a> {
    object: String,
    phase: &'a crate::step::Phase,
    transaction: &'a Transaction,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside: Option<Outside<'a>>,
}

/// What the record of a step says.
#[derive(Serialize)]
struct Outside<'a> {
    kind: &'static str,
    object: String,
    sql: &'a str,
    undo: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(step: &'a Step) -> Self {
        let undo = match &step.undo {
            Undo::Run(sql) => Some(sql.as_str()),
            Undo::Lost(_) => None,
        };
        let (kind, object, sql) = (step.object.tag.word(), step.object.path(), step.run.as_str());
        let outside =
            (step.transaction == Transaction::Outside).then_some(Outside { kind, object, sql, undo });
        Self { object: step.object.to_string(), phase: &step.phase, transaction: &step.transaction, outside }
    }
}

/// The plan for the history, as JSON.
pub(super) fn outline(plan: &Plan) -> String {
    let lines: Vec<Line<'_>> = plan.steps.iter().map(Line::of).collect();
    serde_json::to_string(&lines).unwrap_or_else(|_| "[]".to_owned())
}

/// The statement that writes down what runs of the service that were cut off had built, when it stands now and no run since has
/// written it down. Only for who has the service's lock: without it, a run that is not over is somebody's at work.
pub(super) fn recorded(service: &str, live: &Schema) -> Result<Sql, SessionError> {
    let standing = live.objects.values().filter_map(|object| match object {
        Object::Index(index) if index.state == State::Valid => Some(object.address().path()),
        _ => None,
    });
    let standing = serde_json::to_string(&standing.collect::<Vec<_>>()).map_err(SessionError::unreadable)?;
    Ok(sql!(
        "insert into freehold.step (history, number, kind, object, sql, undo, lock_wait_ms, run_ms)
         select h.id, (select coalesce(max(s.number), 0) from freehold.step s where s.history = h.id)
                 + row_number() over (partition by h.id order by line.position), o.kind, o.object, o.sql, o.undo, 0, 0
         from freehold.history h
         cross join lateral jsonb_array_elements(h.plan) with ordinality line (value, position)
         cross join lateral jsonb_to_record(line.value -> 'outside') o (kind text, object text, sql text, undo text)
         where h.service = {} and coalesce(h.outcome, 'partial') = 'partial' and o.kind = {} and {}::jsonb ? o.object
             and not exists (select from freehold.step s where s.history >= h.id and s.kind = o.kind and s.object = o.object and s.sql = o.sql)
             and {}",
        Literal(service),
        Literal(Tag::Index.word()),
        Literal(&standing),
        advisory::is_ours(Key::service(service)),
    ))
}

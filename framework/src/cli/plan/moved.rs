//! What gets another name, goes, or comes back, in a few words. Pure.

use crate::address::Tag;
use crate::cli::sign::Sign;
use crate::hazard::Hazard;
use crate::name::Name;
use crate::step::{Phase, Step, Turn};

/// The step as something that is done; nothing for steps that are about something else.
pub(super) fn sentence(step: &Step) -> Option<String> {
    let object = &step.object;
    if let Some(turn) = &step.turn {
        return Some(turned(step, turn));
    }
    Some(match step.phase {
        Phase::Shared if step.run.as_str().starts_with("grant") => format!("let every service use {object}"),
        _ if step.hazards.contains(&Hazard::Back) => format!("take {object} back from the attic"),
        _ if step.hazards.contains(&Hazard::Attic) => format!("take {object} to the attic"),
        _ if object.tag == Tag::Grant && revokes(step) => format!("take back {object}"),
        _ if object.tag == Tag::Comment && silences(step) => format!("take away {object}"),
        _ if step.hazards.contains(&Hazard::Drop) => format!("drop {object}"),
        _ => return None,
    })
}

fn turned(step: &Step, turn: &Turn) -> String {
    let object = &step.object;
    match turn {
        Turn::TakenOver { from } => format!("take {object} over from {from}"),
        Turn::Owned => format!("give {object} to this service's role"),
        Turn::Revalued { from, .. } => format!("rename the value '{from}' of {object}"),
        Turn::Renumbered { .. } => format!("rename the sequence of {object}"),
        Turn::Renamed { from } => {
            let table = object.table.as_ref().map(|table| format!("{table}.")).unwrap_or_default();
            format!("rename {} {table}{from} → {}", object.tag.word(), object.name)
        }
        Turn::MadeAnew => format!("make {object} anew, with its values as the manifest has them"),
        Turn::Retyped { .. } => retyped(step),
    }
}

/// `change the types of columns orders.a, b and c`
fn retyped(step: &Step) -> String {
    let object = &step.object;
    let columns = step.objects().skip(1).filter(|other| other.tag == Tag::Column);
    let columns: Vec<&Name> = columns.map(|column| &column.name).collect();
    let [others @ .., last] = columns.as_slice() else { return format!("change the type of {object}") };
    let others: String = others.iter().map(|name| format!(", {name}")).collect();
    format!("change the types of columns {}{others} and {last}", object.path())
}

fn revokes(step: &Step) -> bool {
    step.hazards.contains(&Hazard::Drop)
}

fn silences(step: &Step) -> bool {
    step.run.as_str().ends_with(" is null")
}

/// The sign, the name if it is not the object's own, and what is said beside it; nothing for steps that are about something else.
pub(super) fn line(step: &Step) -> Option<(Sign, Option<String>, String)> {
    if let Some(turn) = &step.turn {
        return turn_line(turn);
    }
    Some(match step.phase {
        _ if step.hazards.contains(&Hazard::Back) => {
            (Sign::Add, None, "back from the attic with its values".to_owned())
        }
        _ if step.hazards.contains(&Hazard::Attic) => {
            let with = match step.object.tag {
                Tag::Table | Tag::Column => "its values",
                _ => "what uses it",
            };
            (Sign::Remove, None, format!("to the attic with {with}"))
        }
        _ if step.object.tag == Tag::Grant && revokes(step) => {
            (Sign::Remove, None, "some of its rights are taken back".to_owned())
        }
        _ if step.hazards.contains(&Hazard::Drop) => {
            (Sign::Remove, None, "dropped; it holds no rows".to_owned())
        }
        _ => return None,
    })
}

fn turn_line(turn: &Turn) -> Option<(Sign, Option<String>, String)> {
    Some(match turn {
        Turn::TakenOver { from } => {
            (Sign::Change, None, format!("taken over from {from}; its rows stay where they are"))
        }
        Turn::Owned => (Sign::Change, None, "gets this service's role as its owner".to_owned()),
        Turn::Renumbered { from } => (Sign::Rename, None, format!("its sequence is renamed from {from}")),
        Turn::Revalued { from, to } => {
            (Sign::Rename, Some(format!("'{to}'")), format!("renamed from '{from}'"))
        }
        Turn::Renamed { from } => (Sign::Rename, None, format!("renamed from {from}")),
        Turn::MadeAnew => {
            (Sign::Change, None, "made anew, with its values as the manifest has them".to_owned())
        }
        // Each of them is shown as a column that changes.
        Turn::Retyped { .. } => return None,
    })
}

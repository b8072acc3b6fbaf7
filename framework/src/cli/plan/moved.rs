//! What gets another name, goes, or comes back, in a few words. Pure.

use crate::address::Tag;
use crate::cli::sign::Sign;
use crate::hazard::Hazard;
use crate::sql::lex::{TokenKind, lex};
use crate::step::{Phase, Step, Undo};

/// The name that a rename takes away: the last word of its way back.
fn before(step: &Step) -> String {
    let Undo::Run(undo) = &step.undo else { return String::new() };
    let text = undo.as_str();
    let tokens = lex(text).unwrap_or_default();
    tokens.last().map(|token| token.text(text).to_owned()).unwrap_or_default()
}

/// The service that had it, by the statement's words.
fn giver(step: &Step) -> String {
    let text = step.run.as_str();
    let tokens = lex(text).unwrap_or_default();
    let mut words = tokens.iter().filter(|token| token.kind == TokenKind::Text);
    // In a file it is an update: whose it is to be, and whose it was.
    let position = if text.starts_with("update") { 1 } else { 2 };
    words.nth(position).map(|token| token.text(text).trim_matches('\'').to_owned()).unwrap_or_default()
}

fn changes_role(step: &Step) -> bool {
    step.run.as_str().contains(" owner to ")
}

fn renames_value(step: &Step) -> bool {
    step.object.tag == Tag::Enum && step.run.as_str().contains(" rename value ")
}

fn is_made_anew(step: &Step) -> bool {
    step.object.tag == Tag::Enum && step.run.as_str().starts_with("do ")
}

fn is_sequence_of_column(step: &Step) -> bool {
    step.object.tag == Tag::Column && step.run.as_str().starts_with("alter sequence")
}

/// The step as something that is done; nothing for steps that are about something else.
pub(super) fn sentence(step: &Step) -> Option<String> {
    let object = &step.object;
    Some(match step.phase {
        Phase::Claim => format!("take {object} over from {}", giver(step)),
        Phase::Contract if changes_role(step) => format!("give {object} to this service's role"),
        Phase::Shared if step.run.as_str().starts_with("grant") => format!("let every service use {object}"),
        Phase::Rename if step.hazards.contains(&Hazard::Back) => format!("take {object} back from the attic"),
        Phase::Rename if renames_value(step) => format!("rename the value {} of {object}", before(step)),
        Phase::Rename if is_sequence_of_column(step) => format!("rename the sequence of {object}"),
        Phase::Rename => {
            let table = object.table.as_ref().map(|table| format!("{table}.")).unwrap_or_default();
            format!("rename {} {table}{} → {}", object.tag.word(), before(step), object.name)
        }
        Phase::Contract if step.hazards.contains(&Hazard::Attic) => format!("take {object} to the attic"),
        Phase::Contract if is_made_anew(step) => {
            format!("make {object} anew, with its values as the manifest has them")
        }
        _ if object.tag == Tag::Grant && revokes(step) => format!("take back {object}"),
        _ if object.tag == Tag::Comment && silences(step) => format!("take away {object}"),
        _ if step.hazards.contains(&Hazard::Drop) => format!("drop {object}"),
        _ => return None,
    })
}

fn revokes(step: &Step) -> bool {
    step.hazards.contains(&Hazard::Drop)
}

fn silences(step: &Step) -> bool {
    step.run.as_str().ends_with(" is null")
}

/// The sign, the name if it is not the object's own, and what is said beside it; nothing for steps that are about something else.
pub(super) fn line(step: &Step) -> Option<(Sign, Option<String>, String)> {
    Some(match step.phase {
        Phase::Claim => {
            (Sign::Change, None, format!("taken over from {}; its rows stay where they are", giver(step)))
        }
        Phase::Contract if changes_role(step) => {
            (Sign::Change, None, "gets this service's role as its owner".to_owned())
        }
        Phase::Rename if step.hazards.contains(&Hazard::Back) => {
            (Sign::Add, None, "back from the attic with its values".to_owned())
        }
        Phase::Rename if is_sequence_of_column(step) => {
            (Sign::Rename, None, format!("its sequence is renamed from {}", before(step)))
        }
        Phase::Rename => {
            let value = renames_value(step).then(|| {
                let text = step.run.as_str();
                let last =
                    lex(text).ok().and_then(|tokens| tokens.last().map(|token| token.text(text).to_owned()));
                last.unwrap_or_default()
            });
            (Sign::Rename, value, format!("renamed from {}", before(step)))
        }
        Phase::Contract if step.hazards.contains(&Hazard::Attic) => {
            let with = match step.object.tag {
                Tag::Table | Tag::Column => "its values",
                _ => "what uses it",
            };
            (Sign::Remove, None, format!("to the attic with {with}"))
        }
        _ if step.object.tag == Tag::Grant && revokes(step) => {
            (Sign::Remove, None, "some of its rights are taken back".to_owned())
        }
        Phase::Contract if is_made_anew(step) => {
            (Sign::Change, None, "made anew, with its values as the manifest has them".to_owned())
        }
        _ if step.hazards.contains(&Hazard::Drop) => {
            (Sign::Remove, None, "dropped; it holds no rows".to_owned())
        }
        _ => return None,
    })
}

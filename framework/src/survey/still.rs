//! What leans on something that goes, and will not any more once the plan has run: the manifest declares it otherwise, or has another function
//! come in the place of the one that it calls. Pure.

use super::facts::parts;
use crate::address::{Address, Tag};
use crate::catalog::leaning::Leaning;
use crate::drops::successor;
use crate::kind::Object;
use crate::name::Name;
use crate::rename::Renames;
use crate::schema::Schema;
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Expr, TypeName, name_of};

/// Leaves out what will have let go of `gone` by the time that it goes.
pub(super) fn still_leaning(
    gone: &Address,
    leaning: Vec<Leaning>,
    wanted: &Schema,
    live: &Schema,
    renames: &Renames,
) -> Vec<Leaning> {
    let replaced = successor(gone, wanted, live).is_some();
    let lets_go = |one: &Leaning| {
        let parts = parts(one, renames, live);
        !parts.is_empty()
            && parts.iter().all(|part| replaced && wanted.holds(part) || lets_go(gone, part, wanted, live))
    };
    leaning.into_iter().filter(|one| !lets_go(one)).collect()
}

/// Whether a part that stands is declared in a way that has nothing to do with what goes.
fn lets_go(gone: &Address, part: &Address, wanted: &Schema, live: &Schema) -> bool {
    if part.tag == Tag::Column {
        let column = |schema: &Schema| crate::drops::column_of(schema, part).cloned();
        let (Some(now), Some(then)) = (column(live), column(wanted)) else { return false };
        let texts = |of: &crate::kind::table::column::Column| [of.default.clone(), of.generated.clone()];
        return !is_type(&then.type_name, gone)
            && texts(&then)
                .iter()
                .zip(&texts(&now))
                .all(|(then, now)| lets_go_in_text(gone, then.as_ref(), now.as_ref(), wanted));
    }
    let (Some(now), Some(then)) = (live.objects.get(part), wanted.objects.get(part)) else { return false };
    match (now, then) {
        (Object::ForeignKey(_), Object::ForeignKey(then)) => match gone.tag {
            Tag::Column => {
                !(gone.table().as_ref() == Some(&then.parent) && then.parent_columns.contains(&gone.name))
            }
            Tag::Table => gone.table().as_ref() != Some(&then.parent),
            // Where it can stand on another one, it does by then.
            _ => {
                live.objects.get(gone).is_some_and(|gone| !then.can_stand_on(gone))
                    || wanted.objects.values().any(|object| then.can_stand_on(object))
            }
        },
        (Object::Trigger(_), Object::Trigger(then))
            if gone.tag == Tag::Function && then.function.name == gone.name =>
        {
            false
        }
        _ => {
            let (mut now, mut then) = (now.clone(), then.clone());
            let before = now.texts();
            then.texts().iter().all(|text| {
                let before = before.iter().find(|before| before.slot == text.slot);
                lets_go_in_text(gone, Some(text.expression), before.map(|text| &*text.expression), wanted)
            })
        }
    }
}

/// Whether an expression that is wanted says nothing of what goes. Where another function of the name is declared, another text is taken to
/// mean that one.
fn lets_go_in_text(gone: &Address, then: Option<&Expr>, now: Option<&Expr>, wanted: &Schema) -> bool {
    let Some(then) = then else { return true };
    let says = match gone.tag {
        Tag::Enum => says_type(then, &gone.name),
        _ => says(then, &gone.name),
    };
    if !says {
        return true;
    }
    let another = || {
        wanted.objects.keys().any(|other| {
            other.tag == Tag::Function
                && other != gone
                && (&other.schema, &other.name) == (&gone.schema, &gone.name)
        })
    };
    gone.tag == Tag::Function && now != Some(then) && another()
}

/// Whether a text says a name, also in a literal: a sequence is called by one.
fn says(text: &Expr, name: &Name) -> bool {
    let source = text.as_str();
    let literal = || {
        lex(source).is_ok_and(|tokens| {
            let mut texts = tokens.iter().filter(|token| token.kind == TokenKind::Text);
            texts.any(|token| token.text(source).contains(name.as_str()))
        })
    };
    crate::rename::mentions(text, &|word| word == name) || literal()
}

/// Whether a text says the name of a type as one: `'open'::state`, `cast(… as state)`, `state 'open'`, `state(…)`. A column may be called like its
/// type.
fn says_type(text: &Expr, name: &Name) -> bool {
    let source = text.as_str();
    lex(source).is_ok_and(|tokens| {
        tokens.iter().enumerate().any(|(at, token)| {
            let is = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
                && name_of(source, token).is_ok_and(|word| word == *name);
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let after = tokens.get(at + 1);
            is && (before
                .is_some_and(|token| ["::", "."].contains(&token.text(source)) || token.is(source, "as"))
                || after.is_some_and(|token| token.kind == TokenKind::Text || token.text(source) == "("))
        })
    })
}

fn is_type(type_name: &TypeName, gone: &Address) -> bool {
    gone.tag == Tag::Enum
        && type_name.user_type().is_some_and(|of| {
            of.name == gone.name
                && of.schema.as_ref().is_none_or(|schema| Some(schema) == gone.schema.as_ref())
        })
}

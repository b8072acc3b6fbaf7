//! Judges a finished plan. Pure, and not the planner's friend: it knows the rules, not how the planner follows them.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::lock::Mode;
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::schema::Schema;
use crate::sql::lex::{LexError, Token, TokenKind, lex};
use crate::sql::name_of;
use crate::step::{Step, Transaction};

/// A rule that a plan breaks: a bug of ours, found before it runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {number} ({object}) {rule}")]
pub struct Violation {
    /// The step, from 1.
    pub number: usize,
    /// What it is about.
    pub object: Address,
    /// The rule, as the end of a sentence.
    pub rule: &'static str,
}

/// Finds every rule that a plan breaks. `live` is what stands, and `may_go` is what of it the manifest lets go.
#[must_use]
pub fn check(plan: &Plan, wanted: &Schema, live: &Schema, may_go: &BTreeSet<Address>) -> Vec<Violation> {
    let slice: BTreeSet<&Address> = wanted.objects.keys().collect();
    let tables: BTreeSet<QName> = slice.iter().filter_map(|address| address.table()).collect();
    let mut violations = Vec::new();
    for (position, step) in plan.steps.iter().enumerate() {
        let next = plan.steps.get(position + 1);
        let rules = [
            (
                !belongs(step, &slice, &tables) && !may_go.contains(&step.object),
                "is about an object outside of the slice",
            ),
            (destroys(step.run.as_str(), live), "would destroy rows, which is for `freehold purge` alone"),
            (cascades(step.run.as_str()), "would drop what hangs on its object"),
            (!is_single(step), "is not a single statement"),
            (step.done.is_empty(), "has no proof"),
            (strong_in_company(step), "takes a strong lock and is not alone in its transaction"),
            (waits_for_ever(step), "takes a strong lock and waits for it without a limit"),
            (limits_a_build(step), "builds concurrently under a time limit, which would leave it half built"),
            (next.is_some_and(|next| out_of_order(step, next)), "stands before a step of an earlier phase"),
            (uses_a_fresh_value(step), "adds an enum value and is not alone in its transaction"),
        ];
        let broken = rules.into_iter().filter(|(broken, _)| *broken);
        violations.extend(broken.map(|(_, rule)| Violation {
            number: position + 1,
            object: step.object.clone(),
            rule,
        }));
    }
    violations
}

/// A column is not an object of its own in a schema, and a key's index may be drafted before its constraint.
fn belongs(step: &Step, slice: &BTreeSet<&Address>, tables: &BTreeSet<QName>) -> bool {
    let of_our_table = step.object.table().is_some_and(|table| tables.contains(&table));
    let of_our_enum =
        step.object.enumeration().is_some_and(|of| slice.contains(&Address::top(Tag::Enum, &of)));
    slice.contains(&step.object)
        || of_our_enum
        || (of_our_table && matches!(step.object.tag, Tag::Column | Tag::Index | Tag::Seed))
}

/// The tokens of a statement, or of the statements inside of a `do` block, with the text that they are cut from.
fn inside(text: &str) -> Result<(String, Vec<Token>), LexError> {
    let tokens = lex(text)?;
    let inner = match tokens.as_slice() {
        [first, body] if first.is(text, "do") && body.kind == TokenKind::Text => unquoted(body.text(text)),
        _ => return Ok((text.to_owned(), tokens)),
    };
    let tokens = lex(&inner)?;
    Ok((inner, tokens))
}

/// What a string constant says, as ours are written.
fn unquoted(text: &str) -> String {
    let escapes = text.starts_with('E');
    let body = text.trim_start_matches('E');
    let body = body.strip_prefix('\'').and_then(|body| body.strip_suffix('\'')).unwrap_or(body);
    let body = body.replace("''", "'");
    if escapes { body.replace("\\\\", "\\") } else { body }
}

/// `drop table` and `drop column` take rows along; not those of a column that the server computes, or that is made anew in the same
/// step (which then asks first whether there are any rows).
fn destroys(text: &str, live: &Schema) -> bool {
    let Ok((text, tokens)) = inside(text) else { return false };
    let tables = tokens.windows(2).any(|pair| pair[0].is(&text, "drop") && pair[1].is(&text, "table"));
    let added = columns(&text, &tokens, "add");
    let kept = |(table, column): &(Option<Name>, Option<Name>)| match (table, column) {
        (Some(of), Some(name)) => {
            added.contains(&(Some(of.clone()), Some(name.clone()))) || is_computed(of, name, live)
        }
        _ => false,
    };
    tables || !columns(&text, &tokens, "drop").iter().all(kept)
}

/// The columns that `alter table` adds or drops, each with its table's name; none where they cannot be read.
fn columns(text: &str, tokens: &[Token], verb: &str) -> Vec<(Option<Name>, Option<Name>)> {
    let says = |at: usize, words: [&str; 2]| {
        let word = |at: usize, word| tokens.get(at).is_some_and(|token: &Token| token.is(text, word));
        word(at, words[0]) && word(at + 1, words[1])
    };
    let name = |at: usize| tokens.get(at).and_then(|token| name_of(text, token).ok());
    let mut table = None;
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if says(at, ["alter", "table"]) {
            let qualified = tokens.get(at + 3).is_some_and(|token| token.text(text) == ".");
            table = if qualified { name(at + 4) } else { name(at + 2) };
        }
        if says(at, [verb, "column"]) {
            found.push((table.clone(), name(at + 2)));
        }
    }
    found
}

/// Whether the server computes the values of a column in every table of that name: it has none of its own.
fn is_computed(table: &Name, column: &Name, live: &Schema) -> bool {
    let mut columns = live.objects.values().filter_map(|object| match object {
        Object::Table(of) if of.name.name == *table => of.column(column),
        _ => None,
    });
    columns.next().is_some_and(|first| first.generated.is_some()) && columns.all(|of| of.generated.is_some())
}

/// `cascade` is a foreign key's action after `on delete` or `on update`, or a column's name inside of brackets, and nothing else.
fn cascades(text: &str) -> bool {
    let Ok((text, tokens)) = inside(text) else { return true };
    let mut depth = 0usize;
    tokens.iter().enumerate().any(|(at, token)| {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        let action = at >= 2
            && tokens[at - 2].is(&text, "on")
            && (tokens[at - 1].is(&text, "delete") || tokens[at - 1].is(&text, "update"));
        token.is(&text, "cascade") && depth == 0 && !action
    })
}

fn is_single(step: &Step) -> bool {
    let text = step.run.as_str();
    lex(text).is_ok_and(|tokens| {
        !tokens.is_empty()
            && tokens.iter().all(|token| token.kind != TokenKind::Symbol || token.text(text) != ";")
    })
}

fn strong_in_company(step: &Step) -> bool {
    step.lock.mode.is_strong() && step.transaction != Transaction::Alone
}

fn waits_for_ever(step: &Step) -> bool {
    step.lock.mode >= Mode::Share && step.lock_timeout_ms == 0
}

fn limits_a_build(step: &Step) -> bool {
    step.transaction == Transaction::Outside && (step.lock_timeout_ms, step.statement_timeout_ms) != (0, 0)
}

fn out_of_order(step: &Step, next: &Step) -> bool {
    step.when == next.when && step.phase > next.phase
}

fn uses_a_fresh_value(step: &Step) -> bool {
    let text = step.run.as_str();
    let adds = lex(text).is_ok_and(|tokens| {
        tokens.windows(2).any(|pair| pair[0].is(text, "add") && pair[1].is(text, "value"))
    });
    matches!(step.object.tag, Tag::Enum | Tag::Value) && adds && step.transaction != Transaction::Alone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::all_or_nothing;
    use crate::manifest::schema;
    use crate::sql::Sql;

    #[test]
    fn a_column_goes_only_if_the_server_computes_it_or_makes_it_anew() {
        let live = schema(
            "[tables.a.columns]\nn = 'int'\nm = 'int generated always as (n * 2) stored'\n[tables.b.columns]\nm = 'int'",
        );
        let destroys = |text: &str| destroys(text, &live);
        assert!(!destroys("alter table a drop column m"));
        assert!(!destroys("alter table \"public\".a drop column \"m\""));
        assert!(!destroys("alter table a drop column n, add column n bigint"));
        assert!(!destroys("drop index n"));
        assert!(destroys("alter table a drop column n"));
        assert!(destroys("alter table a drop column n, add column m int"));
        assert!(destroys("alter table a drop column m, drop column n"));
        assert!(destroys("alter table b drop column m"));
        assert!(destroys("alter table c drop column m"));
        assert!(destroys("drop table a"));
    }

    #[test]
    fn a_block_is_looked_into() {
        let live = schema("[tables.a.columns]\nn = 'int'\nm = 'int generated always as (n * 2) stored'");
        let of = |statements: &[&'static str]| {
            all_or_nothing(statements.iter().copied().map(Sql::fixed).collect())
        };
        let destroys = |statements: &[&'static str]| destroys(of(statements).as_str(), &live);
        assert!(!destroys(&[
            "alter table a drop column m",
            "comment on table a is 'it''s drop table, c:\\'"
        ]));
        assert!(destroys(&["alter table a drop column m", "alter table a drop column n"]));
        assert!(destroys(&["comment on table a is 'c:\\'", "drop table a"]));
        assert!(!destroys(&["alter table a drop column n", "alter table a add column n bigint"]));
        assert!(destroys(&["alter table a drop column n", "alter table b add column n bigint"]));
        let cascades = |statements: &[&'static str]| cascades(of(statements).as_str());
        assert!(cascades(&["drop index i", "drop function f() cascade"]));
        assert!(!cascades(&["drop index i", "comment on table a is 'cascade'"]));
        assert!(!cascades(&[
            "alter table a add foreign key (n) references a on delete cascade",
            "drop index i"
        ]));
    }
}

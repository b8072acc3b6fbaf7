//! Columns: their types, defaults, generated values, and the one that SQLite numbers.

use super::super::expression::{Place, Scope, translate_for};
use super::super::sort::{Sort, held, one_of};
use super::{Declared, Draft, Whole};
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::key::Key;
use crate::kind::table::Table;
use crate::kind::table::column::{Column, Identity};
use crate::name::Name;
use crate::sql::{Ident, Sql, sql};

/// What to do about a value that cannot be translated.
const OWN_WORDS: &str =
    "say beside `def` what SQLite is to have: `sqlite = \"…\"`, with what follows the column's name there";

/// What a column holds, for expressions.
pub(super) fn sort(column: &Column, draft: &Draft<'_>) -> Sort {
    if draft.labels(&column.type_name).is_some() {
        Sort::Label
    } else {
        held(&column.name, &column.type_name).sort
    }
}

/// What the manifest says of it beside what SQLite is told.
pub(super) fn declared(column: &Column, whole: &Whole<'_>, draft: &Draft<'_>) -> Declared {
    let address = Address::part(Tag::Column, &whole.table.name, &column.name);
    let named = draft.enumeration(&column.type_name);
    let values = draft.manifest.hints.values.iter();
    Declared {
        sort: sort(column, draft),
        type_name: column.type_name.clone(),
        enumeration: named.clone(),
        using: draft.manifest.using.get(&address).cloned(),
        backfill: draft.manifest.backfill.get(&address).cloned(),
        former: values.filter(|value| named.as_ref() == Some(&value.of)).cloned().collect(),
    }
}

fn is_numbered(column: &Column) -> bool {
    column.identity.is_some() || column.serial
}

/// The column that SQLite numbers: it has one such column in a table.
pub(super) fn numbered(table: &Table, draft: &mut Draft<'_>) -> Option<Name> {
    let of = |column: &Column| Address::part(Tag::Column, &table.name, &column.name);
    let numbered = table.columns.iter().filter(|column| is_numbered(column));
    let mut numbered = numbered.filter(|column| !draft.manifest.sqlite.contains_key(&of(column)));
    let first = numbered.next()?;
    let others: Vec<&Column> = numbered.collect();
    for second in others {
        let what = format!("SQLite numbers one column of a table, and `{}` is numbered already", first.name);
        draft.refuse("FH241", of(second), what, OWN_WORDS);
    }
    Some(first.name.clone())
}

/// What follows a column's name.
pub(super) fn clause(column: &Column, whole: &Whole<'_>, draft: &mut Draft<'_>) -> Sql {
    let address = Address::part(Tag::Column, &whole.table.name, &column.name);
    if let Some(own) = draft.manifest.sqlite.get(&address) {
        return sql!("{}", own);
    }
    let mut held = held(&column.name, &column.type_name);
    if let Some(labels) = draft.labels(&column.type_name) {
        let kept = draft.kept.get(&address).into_iter().flatten();
        let labels: Vec<String> = labels.iter().chain(kept).cloned().collect();
        held.form = Some(one_of(&column.name, &labels));
        (held.sort, held.differs) = (Sort::Label, None);
    }
    if let Some(differs) = held.differs {
        draft.degrade(address.clone(), differs);
    }
    let numbered = whole.numbered.as_ref() == Some(&column.name);
    if !column.attributes.is_none() {
        let what = "SQLite has no statistics target, storage, compression or options of a column";
        draft.degrade(address.clone(), what);
    }
    let mut out = Sql::fixed(if numbered { "integer" } else { held.storage });
    if numbered {
        let name = key_name(column, whole, draft);
        out.push(&sql!(" constraint {} primary key autoincrement", Ident(name.as_str())));
        if !column.counting.is_none() {
            draft.degrade(address.clone(), "SQLite counts 1, 2, 3; nothing else can be said of it");
        }
        if column.identity == Some(Identity::Always) {
            draft.degrade(address.clone(), "a row may bring its own number along");
        }
    } else if column.not_null {
        out.push(&sql!(" not null"));
    }
    out.push(&collation(column, &held.sort, &address, draft));
    out.push(&values(column, whole, &held.sort, &address, draft));
    if let Some(form) = &held.form {
        let name = form_name(&whole.table.name.name, &column.name);
        out.push(&sql!(" constraint {} check ({})", Ident(name.as_str()), form));
    }
    out
}

/// The name of the condition that holds the form of a column's values.
pub(in super::super) fn form_name(table: &Name, column: &Name) -> Name {
    Name::derived(table, std::slice::from_ref(column), "form")
}

/// The name of the key that makes SQLite number a column: the primary key's, if it is that.
fn key_name(column: &Column, whole: &Whole<'_>, draft: &mut Draft<'_>) -> Name {
    let objects = draft.manifest.schema.objects.values();
    let keys = objects.filter_map(|object| match object {
        Object::Key(key) if key.table == whole.table.name => Some(key),
        _ => None,
    });
    let alone: Vec<&Key> = keys.filter(|key| key.columns == [column.name.clone()]).collect();
    if let Some(key) = alone.iter().find(|key| key.primary).or(alone.first()) {
        return key.name.clone();
    }
    let address = Address::part(Tag::Column, &whole.table.name, &column.name);
    draft.degrade(address, "no number comes twice, though the manifest does not ask for that");
    Name::derived(&whole.table.name.name, std::slice::from_ref(&column.name), "key")
}

fn collation(column: &Column, sort: &Sort, address: &Address, draft: &mut Draft<'_>) -> Sql {
    let named = column.collation.as_ref().map(|collation| collation.name.as_str());
    match (named, sort) {
        (None, Sort::Text { folded: true }) => sql!(" collate nocase"),
        (None | Some("C" | "POSIX" | "ucs_basic"), _) => Sql::default(),
        (Some(other), _) => {
            let what = format!("SQLite has no collation {other}; texts are ordered by their bytes");
            draft.degrade(address.clone(), what);
            Sql::default()
        }
    }
}

/// Where the values come from.
fn values(column: &Column, whole: &Whole<'_>, sort: &Sort, address: &Address, draft: &mut Draft<'_>) -> Sql {
    let (what, expression, place) = match (&column.default, &column.generated) {
        (Some(default), _) => ("default", default, Place::Default),
        (None, Some(generated)) => ("generation expression", generated, Place::Row),
        (None, None) => return Sql::default(),
    };
    let scope = Scope { columns: &whole.sorts, place };
    match translate_for(expression, scope, sort) {
        Ok(translated) => {
            for note in &translated.notes {
                draft.degrade(address.clone(), format!("{note} here"));
            }
            match place {
                Place::Default => sql!(" default {}", translated.text.bracketed()),
                Place::Row if column.on_read => sql!(" generated always as ({}) virtual", translated.text),
                Place::Row => sql!(" generated always as ({}) stored", translated.text),
            }
        }
        Err(reason) => {
            let what = format!("its {what} `{expression}` cannot be had on SQLite, because {reason}");
            draft.refuse("FH241", address.clone(), what, OWN_WORDS);
            Sql::default()
        }
    }
}

//! A sequence that was declared by itself and is by now the one of a `serial` column: it is not made once more, and does not go. What is
//! planned is that it counts as a serial does and belongs to the column, and then nobody sees a difference. Pure.
//!
//! <https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL>

use crate::address::{Address, Tag};
use crate::drops::column_of;
use crate::kind::sequence::{Owner, Sequence, limits};
use crate::kind::{Kind as _, Object};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::{Change, Renames};
use crate::schema::Schema;
use crate::sql::{Expr, quoted};

/// The first version of the server with sequences that are not logged.
const UNLOGGED_SINCE: u32 = 150_000;

/// Gives such a sequence the name that a serial's has, where nothing is to be there that the manifest does not say, and that name is free.
pub(super) fn rename(manifest: &Manifest, renames: &mut Renames, live: &mut Schema) {
    if !manifest.drops.undeclared {
        return;
    }
    let undeclared: Vec<Sequence> = undeclared(manifest, live).cloned().collect();
    for sequence in undeclared {
        let Some((Sequence { owned_by: Some(owner), .. }, _)) = drawn_from(&sequence, &manifest.schema, live)
        else {
            continue;
        };
        let name = Name::derived(&owner.table.name, std::slice::from_ref(&owner.column), "seq");
        let to = Address::top(Tag::Sequence, &QName { schema: sequence.name.schema.clone(), name });
        let taken =
            live.objects.keys().any(|address| (&address.schema, &address.name) == (&to.schema, &to.name));
        if !taken {
            renames.change(Change::Object { from: sequence.address(), to }, live);
        }
    }
}

fn undeclared<'a>(manifest: &Manifest, live: &'a Schema) -> impl Iterator<Item = &'a Sequence> {
    live.objects.values().filter_map(|object| match object {
        Object::Sequence(sequence) if !manifest.schema.holds(&sequence.address()) => Some(sequence),
        _ => None,
    })
}

/// The manifest that says so of such sequences, and which they are; `None` where there are none. They are logged as their tables are, where
/// the server's `version` knows sequences that are not.
pub(super) fn taken(manifest: &Manifest, live: &Schema, version: u32) -> Option<(Manifest, Vec<Address>)> {
    let mut found: Vec<(Sequence, Expr)> = Vec::new();
    for sequence in undeclared(manifest, live) {
        found.extend(drawn_from(sequence, &manifest.schema, live));
    }
    if found.is_empty() {
        return None;
    }
    let mut manifest = manifest.clone();
    let addresses = found.iter().map(|(sequence, _)| sequence.address()).collect();
    for (mut sequence, default) in found {
        let Some(Owner { table, column }) = &sequence.owned_by else { continue };
        if let Some(Object::Table(table)) = manifest.schema.objects.get_mut(&Address::top(Tag::Table, table))
            && let Some(column) = table.columns.iter_mut().find(|of| of.name == *column)
        {
            (column.serial, column.default) = (false, Some(default));
            sequence.unlogged = table.unlogged && version >= UNLOGGED_SINCE;
        }
        manifest.schema.insert(sequence);
    }
    Some((manifest, addresses))
}

/// The sequence as a serial's, when a column that is to be serial draws from it, and the default that draws.
fn drawn_from(sequence: &Sequence, wanted: &Schema, live: &Schema) -> Option<(Sequence, Expr)> {
    wanted.objects.values().find_map(|object| {
        let Object::Table(table) = object else { return None };
        let mut serials = table.columns.iter().filter(|column| column.serial);
        serials.find_map(|column| {
            let stands = column_of(live, &Address::part(Tag::Column, &table.name, &column.name))?;
            let default = stands.default.as_ref().filter(|default| draws(default, &sequence.name))?;
            let (min, max) = limits(&column.type_name, false);
            let owned_by = Some(Owner { table: table.name.clone(), column: column.name.clone() });
            let serial = Sequence {
                name: sequence.name.clone(),
                type_name: column.type_name.clone(),
                start: min,
                increment: 1,
                min,
                max,
                cache: 1,
                cycle: false,
                unlogged: false,
                owned_by,
            };
            Some((serial, default.clone()))
        })
    })
}

/// Whether a default is the next number of a sequence, which the server writes with its schema or without.
fn draws(default: &Expr, sequence: &QName) -> bool {
    let of = |name: String| format!("nextval('{}'::regclass)", name.replace('\'', "''"));
    [of(quoted(sequence)), of(quoted(&sequence.name))].iter().any(|call| call == default.as_str())
}

//! What stands against two names for one column, each in words that say what to do instead.

use super::{Stage, Twin, Twins};
use crate::address::{Address, Tag};
use crate::drops::{column_of, touches};
use crate::kind::table::Table;
use crate::kind::table::column::Column;
use crate::kind::table::replica::Replica;
use crate::kind::{Object, Refusal};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::mentions;
use crate::schema::Schema;
use crate::seed::Seed;
use crate::sql::quoted;

const PLAINLY: &str = "leave `keep_old_until` out, and it is renamed at once";

impl Twins {
    /// Looks at every pair that is to begin or to stay. `live` is in the names to come.
    pub fn against(&mut self, manifest: &Manifest, live: &Schema) {
        for twin in self.list.iter().filter(|twin| !matches!(twin.stage, Stage::Ends(_))) {
            let found = twin.against(manifest, live);
            self.refusals.extend(found.map(|(what, help)| twin.refusal(what, help)));
        }
    }
}

impl Twin {
    /// Names that are to change while there are two.
    pub(super) fn spoken_otherwise(&self, manifest: &Manifest) -> Option<Refusal> {
        let pair = [self.column(&self.old), self.column(&self.new)];
        let table = Address::top(Tag::Table, &self.table);
        let declared = pair.clone().map(|column| manifest.schema.holds(&column));
        if declared == [true, true] {
            return Some(self.refusal(
                format!("`{}` and `{}` are declared, and are one column that has two names", self.old, self.new),
                format!("declare one of them alone for a release: what is kept equal to it goes to the attic then; `{}` can be added again after that", self.old),
            ));
        }
        let other = manifest.hints.names.iter().find(|former| {
            let before = || former.before();
            before().any(|before| before == table) && former.now != table
                || !pair.contains(&former.now) && before().any(|before| pair.contains(&before))
        })?;
        Some(self.refusal(
            format!(
                "{} is to be called `{}`, while the column has the names `{}` and `{}`",
                table_or_column(&other.now),
                other.now.path(),
                self.old,
                self.new
            ),
            format!(
                "let `{}` go first: a version at which `keep_old_until` is over, or the line taken out",
                self.old
            ),
        ))
    }

    /// The first thing that stands against it.
    fn against(&self, manifest: &Manifest, live: &Schema) -> Option<(String, String)> {
        let Self { old, new, table, .. } = self;
        let (Some(now), Some(then)) =
            (column_of(live, &self.column(old)), column_of(&manifest.schema, &self.column(new)))
        else {
            return None;
        };
        let plainly = |what: String| Some((what, PLAINLY.to_owned()));
        for (name, column) in [(old, now), (new, then)] {
            if let Some(kind) = numbered_or_computed(column) {
                return plainly(format!(
                    "`{name}` is {kind}, and a trigger cannot keep two such columns equal"
                ));
            }
        }
        if (&now.type_name, &now.collation) != (&then.type_name, &then.collation) {
            let what = format!(
                "`{old}` is `{}` and `{new}` is `{}`: two names for one column are of one type",
                said(now),
                said(then)
            );
            let help = "rename it first, with the type that it has, and change the type in a release of its own; or add the new column without `renamed_from`, let the code write both, and drop the old one a release later";
            return Some((what, help.to_owned()));
        }
        let seeded =
            |seed: &&Seed| seed.table == *table && seed.columns.iter().any(|column| column.name == *new);
        if manifest.seeds.iter().any(|seed| seeded(&seed)) {
            return plainly(format!(
                "rows of `{table}` are seeded by it, and the ledger knows them by one name"
            ));
        }
        let standing = self.table_of(live)?;
        if standing.options.partition.is_some() {
            return plainly(format!("`{table}` is partitioned, and its rows cannot be filled in pieces"));
        }
        if matches!(standing.replica, Some(Replica::Index(_))) {
            return plainly(format!(
                "the rows of `{table}` are told to subscribers by an index, which may need the column to refuse null"
            ));
        }
        let computed = standing
            .columns
            .iter()
            .find(|column| column.generated.as_ref().is_some_and(|text| mentions(text, &|name| name == old)));
        if let Some(column) = computed {
            return plainly(format!(
                "`{}` is computed from `{old}`, and cannot be computed from both",
                column.name
            ));
        }
        self.held(manifest, live)
    }

    /// Keys, and what bears one name over both columns.
    fn held(&self, manifest: &Manifest, live: &Schema) -> Option<(String, String)> {
        let Self { old, new, table, .. } = self;
        let primary = |schema: &Schema, name: &Name| {
            schema.objects.values().any(|object| matches!(object, Object::Key(key) if key.primary && key.table == *table && key.columns.contains(name)))
        };
        if primary(live, old) || primary(&manifest.schema, new) {
            return Some((
                format!("it is a part of the primary key of `{table}`, of which there can be one"),
                PLAINLY.to_owned(),
            ));
        }
        let theirs = live.objects.iter().find(|(_, object)| match object {
            Object::ForeignKey(key) => key.parent == *table && key.parent_columns.contains(old),
            _ => false,
        });
        if let Some((address, _)) = theirs {
            return Some((
                format!("{address} refers to `{old}`, and would have to go before it can"),
                PLAINLY.to_owned(),
            ));
        }
        let both = live.objects.iter().find(|(address, object)| {
            let part = !matches!(address.tag, Tag::Table | Tag::Grant | Tag::Comment);
            part && manifest.schema.objects.contains_key(address) && touches(object, table, old)
        });
        both.map(|(address, _)| {
            let what = format!("{address} stands over `{old}`, and is declared under the same name over `{new}`: while there are two columns, each needs its own");
            let help = format!("give the one over `{}` another name, without `renamed_from`; the one over `{old}` goes along with it", quoted(new));
            (what, help)
        })
    }

    fn table_of<'a>(&self, schema: &'a Schema) -> Option<&'a Table> {
        match schema.objects.get(&Address::top(Tag::Table, &self.table)) {
            Some(Object::Table(table)) => Some(table),
            _ => None,
        }
    }
}

fn numbered_or_computed(column: &Column) -> Option<&'static str> {
    if column.serial || column.identity.is_some() {
        return Some("numbered by the server");
    }
    column.generated.as_ref().map(|_| "computed")
}

fn said(column: &Column) -> String {
    match &column.collation {
        Some(collation) => format!("{} collate {}", column.type_name, quoted(collation)),
        None => column.type_name.to_string(),
    }
}

fn table_or_column(address: &Address) -> String {
    let before: Option<QName> = address.table();
    match (address.tag, before) {
        (Tag::Table, Some(table)) => format!("the table `{table}`"),
        _ => "the column".to_owned(),
    }
}

//! Rights that a service gives others on its tables. They are only ever added: what stands and is not declared is left alone.
//!
//! <https://www.postgresql.org/docs/current/sql-grant.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Kind};
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Undo};

/// The rights of one role on one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The table.
    pub table: QName,
    /// Who gets them, as it is declared: `role:reports`, `service:order-service`.
    pub grantee: Name,
    /// The role that this is; none for a service whose role is not known yet.
    pub role: Option<Name>,
    /// The rights.
    pub privileges: Vec<Privilege>,
}

/// A right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Privilege {
    /// Its word: `select`.
    pub right: String,
    /// The columns that it is limited to; none for the whole table.
    #[serde(default)]
    pub columns: Vec<Name>,
}

/// The rights that there are on a table, in the form in which they may be granted.
pub const RIGHTS: &[&str] = &["select", "insert", "update", "delete", "truncate", "references", "trigger"];

/// The rights that may be limited to columns.
pub const RIGHTS_ON_COLUMNS: &[&str] = &["select", "insert", "update", "references"];

impl Kind for Grant {
    const QUERY: &'static str = include_str!("grant.sql");

    fn address(&self) -> Address {
        Address::part(Tag::Grant, &self.table, &self.grantee)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        self.give(self.privileges.clone(), draft);
    }

    /// What is there beyond what is wanted is no difference.
    fn spell(&self, live: &mut Self) {
        if self.lacking(live).is_empty() {
            live.privileges.clone_from(&self.privileges);
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        self.give(self.lacking(live), draft);
        live.clone_from(self);
    }
}

impl Grant {
    /// The rights and their table, as a manifest has them.
    #[must_use]
    pub fn clause(&self) -> Sql {
        sql!("{} on {}", self.rights(), self.table)
    }

    /// The rights alone.
    #[must_use]
    pub fn rights(&self) -> Sql {
        listed(&self.privileges)
    }

    /// What the other one has not, or not on every column.
    fn lacking(&self, live: &Self) -> Vec<Privilege> {
        let covers = |there: &Privilege, wanted: &Privilege| {
            let whole = there.columns.is_empty();
            let named =
                !wanted.columns.is_empty() && wanted.columns.iter().all(|name| there.columns.contains(name));
            there.right == wanted.right && (whole || named)
        };
        let lacking = self
            .privileges
            .iter()
            .filter(|wanted| !live.privileges.iter().any(|there| covers(there, wanted)));
        lacking.cloned().collect()
    }

    fn give(&self, privileges: Vec<Privilege>, draft: &mut Draft<'_>) {
        let Some(role) = self.role.as_ref().filter(|_| !privileges.is_empty()) else { return };
        let rights = listed(&privileges);
        let run = sql!("grant {} on {} to {}", rights, self.table, role);
        let undo = Undo::Run(sql!("revoke {} on {} from {}", rights, self.table, role));
        let table = quoted(&self.table);
        let (table, holder) = (Literal(&table), Literal(role.as_str()));
        let held = privileges.iter().flat_map(|privilege| {
            let right = Literal(&privilege.right);
            let whole = privilege
                .columns
                .is_empty()
                .then(|| sql!("pg_catalog.has_table_privilege({}, {}, {})", holder, table, right));
            let columns = privilege.columns.iter().map(move |column| {
                let column = Literal(column.as_str());
                sql!("pg_catalog.has_column_privilege({}, {}, {}, {})", holder, table, column, right)
            });
            whole.into_iter().chain(columns).collect::<Vec<_>>()
        });
        let done = Sql::join(held, " and ");
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Grant, run, done, undo));
    }
}

fn listed(privileges: &[Privilege]) -> Sql {
    let rights = privileges.iter().filter_map(|privilege| {
        let right = RIGHTS.iter().find(|right| **right == privilege.right)?;
        let mut out = Sql::fixed(right);
        if !privilege.columns.is_empty() {
            out.push(&sql!(" ({})", Sql::join(&privilege.columns, ", ")));
        }
        Some(out)
    });
    Sql::join(rights, ", ")
}

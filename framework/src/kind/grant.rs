//! Rights that a service gives others on its tables. They are only ever added: what stands and is not declared is left alone, but for `--prune`.
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

impl Privilege {
    /// Whether who has this one has the other one as well.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let whole = self.columns.is_empty();
        let named = !other.columns.is_empty() && other.columns.iter().all(|name| self.columns.contains(name));
        self.right == other.right && (whole || named)
    }
}

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
        let lacking =
            self.privileges.iter().filter(|wanted| !live.privileges.iter().any(|there| there.covers(wanted)));
        lacking.cloned().collect()
    }

    fn give(&self, privileges: Vec<Privilege>, draft: &mut Draft<'_>) {
        let Some(role) = self.role.as_ref().filter(|_| !privileges.is_empty()) else { return };
        let rights = listed(&privileges);
        let run = sql!("grant {} on {} to {}", rights, self.table, role);
        let undo = Undo::Run(sql!("revoke {} on {} from {}", rights, self.table, role));
        let done = Sql::join(privileges.iter().flat_map(|privilege| self.holds(role, privilege)), " and ");
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Grant, run, done, undo));
    }

    /// The proofs that a role has a right: on the table, or on each of its columns.
    fn holds(&self, role: &Name, privilege: &Privilege) -> Vec<Sql> {
        let table = quoted(&self.table);
        let (table, holder, right) = (Literal(&table), Literal(role.as_str()), Literal(&privilege.right));
        if privilege.columns.is_empty() {
            return vec![sql!("pg_catalog.has_table_privilege({}, {}, {})", holder, table, right)];
        }
        let columns = privilege.columns.iter().map(|column| {
            let column = Literal(column.as_str());
            sql!("pg_catalog.has_column_privilege({}, {}, {}, {})", holder, table, column, right)
        });
        columns.collect()
    }

    /// The proofs that nobody gave its role a right: what the role has by being another one's member does not count.
    pub(crate) fn lacks(&self, privilege: &Privilege) -> Vec<Sql> {
        let table = quoted(&self.table);
        let role = self.role.as_ref().map_or("public", Name::as_str);
        let given = |acl: Sql| {
            sql!(
                "exists (select from pg_catalog.aclexplode({}) a left join pg_catalog.pg_roles r on r.oid = a.grantee where coalesce(r.rolname, 'public') = {} and lower(a.privilege_type) = {})",
                acl,
                Literal(role),
                Literal(&privilege.right),
            )
        };
        if privilege.columns.is_empty() {
            let stands = sql!(
                "not exists (select from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass({}) and {})",
                Literal(&table),
                given(sql!("c.relacl")),
            );
            return vec![stands];
        }
        let columns = privilege.columns.iter().map(|column| {
            sql!(
                "not exists (select from pg_catalog.pg_attribute t where t.attrelid = pg_catalog.to_regclass({}) and t.attname = {} and {})",
                Literal(&table),
                Literal(column.as_str()),
                given(sql!("t.attacl")),
            )
        });
        columns.collect()
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

//! What is asked of the rows before a table is made anew. Pure: each question is a query that counts.

use crate::address::Address;
use crate::kind::Refusal;
use crate::sql::Sql;

/// A count that must be nothing.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) object: Address,
    pub(super) code: &'static str,
    pub(super) count: Sql,
    /// What is so of the rows that it counts, behind their number.
    pub(super) what: String,
    pub(super) help: String,
}

impl Question {
    /// What stands against the plan when there are so many.
    pub(super) fn answered(self, count: i64) -> Option<Refusal> {
        let rows = match count {
            0 => return None,
            1 => "1 row".to_owned(),
            many => format!("{many} rows"),
        };
        let Self { object, code, what, help, .. } = self;
        Some(Refusal { code, object, what: format!("{rows} {what}"), help })
    }
}

//! The proof that an expression of the catalog has become another one, by what the server prints.

use crate::kind::table::column::called_functions;
use crate::kind::{Draft, Object};
use crate::sql::{Literal, Sql, quoted, sql};

impl Draft<'_> {
    /// That what the server prints is not the text that it printed before. It names a function with its schema as soon as there is another one that
    /// the call may mean.
    pub(in crate::kind) fn prints_otherwise(&self, printed: Sql, before: &str) -> Sql {
        let called = called_functions(before);
        let functions = self.live.values().filter_map(|object| match object {
            Object::Function(function) if called.iter().any(|name| name == function.name.name.as_str()) => {
                Some(&function.name)
            }
            _ => None,
        });
        let printed = functions.fold(printed, |printed, function| {
            let (long, short) = (format!("{}(", quoted(function)), format!("{}(", quoted(&function.name)));
            sql!("pg_catalog.replace({}, {}, {})", printed, Literal(&long), Literal(&short))
        });
        sql!("{} <> {}", printed, Literal(before))
    }
}

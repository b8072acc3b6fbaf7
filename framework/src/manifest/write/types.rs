//! Types as a column names them. A type that the manifest does not declare is written with its schema: that says that it is somebody else's.

use std::collections::BTreeMap;

use super::sql;
use crate::kind::Object;
use crate::manifest::extensions::provider;
use crate::manifest::types::is_rare;
use crate::name::Name;
use crate::schema::Schema;
use crate::sql::TypeName;

/// The types that a manifest knows, and where the others are.
#[derive(Debug)]
pub(super) struct Types<'a> {
    home: &'a Name,
    schema: &'a Schema,
    foreign: &'a BTreeMap<Name, Name>,
}

impl<'a> Types<'a> {
    /// `foreign` tells the schemas of types that are neither declared in `schema` nor the server's own.
    pub(super) fn new(home: &'a Name, schema: &'a Schema, foreign: &'a BTreeMap<Name, Name>) -> Self {
        Self { home, schema, foreign }
    }

    /// A type as it is written.
    pub(super) fn written(&self, of: &TypeName) -> String {
        let Some(path) = of.user_type().filter(|path| path.schema.is_none()) else {
            return sql::type_name(of);
        };
        if self.knows(&path.name) {
            return sql::type_name(of);
        }
        let schema = self.foreign.get(&path.name).unwrap_or(self.home);
        format!("{}.{}", crate::sql::quoted(schema), of.as_str())
    }

    fn knows(&self, name: &Name) -> bool {
        let declared = |object: &Object| match object {
            Object::Enum(of) => of.name.schema == *self.home && of.name.name == *name,
            _ => false,
        };
        let brought = provider(name).is_some_and(|extension| {
            let is =
                |object: &Object| matches!(object, Object::Extension(of) if of.name.as_str() == extension);
            self.schema.objects.values().any(is)
        });
        is_rare(name) || brought || self.schema.objects.values().any(declared)
    }
}

//! The tables that the endpoints use. What the database fills by itself is read and never written.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "user_role", rename_all = "snake_case")]
pub(crate) enum Role {
    Hospital,
    Vendor,
    Driver,
    Admin,
}

/// How far an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "user_status", rename_all = "snake_case")]
pub(crate) enum Status {
    Pending,
    Active,
    Suspended,
    Closed,
}

pub(crate) mod user {
    use super::{Role, Status};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) email: String,
        pub(crate) phone: Option<String>,
        pub(crate) role: Role,
        pub(crate) status: Status,
        pub(crate) password_hash: String,
        pub(crate) created_at: DateTimeUtc,
        pub(crate) updated_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod profile {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_profiles")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) user_id: Uuid,
        pub(crate) given_name: String,
        pub(crate) family_name: String,
        pub(crate) display_name: String,
        pub(crate) job_title: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[cfg(test)]
mod tests {
    use super::{profile, user};
    use freehold::testing::assert_entity;

    #[test]
    fn entities_are_the_manifests_tables() {
        let manifest = (crate::USER.manifest)();
        assert_entity::<user::Entity>(&manifest);
        assert_entity::<profile::Entity>(&manifest);
    }
}

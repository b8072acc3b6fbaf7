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
    use freehold::testing::{assert_entity_on_sqlite, database};
    use sea_orm::{ActiveModelTrait as _, EntityTrait as _, Set};

    #[test]
    fn entities_are_the_manifests_tables_on_both_databases() {
        let manifest = (crate::USER.manifest)();
        assert_entity_on_sqlite::<user::Entity>(&manifest);
        assert_entity_on_sqlite::<profile::Entity>(&manifest);
    }

    /// On a file of SQLite, or on the server that `FREEHOLD_TEST_DATABASE_URL` names.
    #[tokio::test]
    async fn what_an_entity_writes_it_reads_again() -> Result<(), sea_orm::DbErr> {
        let database = database(&(crate::USER.manifest)()).await;
        let connection = database.connection();
        let wanted = user::ActiveModel {
            email: Set("ada@example.org".to_owned()),
            role: Set(super::Role::Vendor),
            password_hash: Set("$argon2id$v=19$x".to_owned()),
            ..Default::default()
        };
        let written = wanted.insert(connection).await?;
        let read = user::Entity::find_by_id(written.id).one(connection).await?;
        assert_eq!(read.as_ref().map(|user| user.email.as_str()), Some("ada@example.org"));
        assert_eq!(read, Some(written));
        Ok(())
    }
}

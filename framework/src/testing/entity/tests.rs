use super::*;

const TABLES: &str = r#"
manifest = 1
[service]
name = "shop-service"
version = "1.0.0"
schema = "shop"
[requires.town-service]
tables."public.streets" = { id = "bigint", name = "text" }
[enums]
shop_state = ["open", "closed"]
[tables.shops.columns]
id = "bigint generated always as identity primary key"
name = "text not null"
state = "shop_state not null default 'open'"
rating = "numeric(3,2)"
opened_at = "timestamptz not null default now()"
tags = "text[] not null default '{}'"
[tables.shop_visits]
columns = { shop_id = "bigint not null references shops (id)", day = "date not null", visitors = "integer not null" }
constraints = { shop_visits_pkey = "primary key (shop_id, day)" }
"#;

fn manifest() -> Manifest {
    Manifest::parse("shop-service.toml", TABLES).unwrap_or_else(|problems| panic!("{problems}")).manifest
}

mod shop {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "shop_state")]
    pub(super) enum State {
        #[sea_orm(string_value = "open")]
        Open,
        #[sea_orm(string_value = "closed")]
        Closed,
    }

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shops")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i64,
        pub(super) name: String,
        pub(super) state: State,
        #[sea_orm(column_type = "Decimal(Some((3, 2)))")]
        pub(super) rating: Option<Decimal>,
        pub(super) tags: Vec<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Everything about it is wrong.
mod wrong {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "shop_state")]
    pub(super) enum State {
        #[sea_orm(string_value = "open")]
        Open,
        #[sea_orm(string_value = "ruined")]
        Ruined,
    }

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shops")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) nam: String,
        pub(super) state: Option<State>,
        #[sea_orm(column_type = "Decimal(Some((4, 2)))")]
        pub(super) rating: Decimal,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod stranger {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shop_visit")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod elsewhere {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shops", schema_name = "public")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[test]
fn an_entity_that_fits_may_leave_out_what_the_database_fills() {
    assert_eq!(entity_differences::<shop::Entity>(&manifest()), Vec::<String>::new());
    assert_entity::<shop::Entity>(&manifest());
}

#[test]
fn all_differences_are_told_at_once() {
    assert_eq!(
        entity_differences::<wrong::Entity>(&manifest()),
        [
            "`id`: the entity takes it for integer, the manifest says bigint",
            "`nam`: the entity has it, the manifest does not; did you mean `name`?",
            "`state`: of the values of shop_state, only the entity knows `ruined`; only the manifest knows `closed`",
            "`state`: the entity lets it be null (`Option`), the manifest says `not null`",
            "`rating`: the entity takes it for numeric(4,2), the manifest says numeric(3,2)",
            "`rating`: it may be null in the manifest; make it an `Option` in the entity, or `not null` there",
            "`name`: `not null` without a default, and the entity lacks it: every insert would fail",
            "the primary key: `id`, `nam` in the entity, `id` in the manifest",
        ]
    );
}

mod street {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "streets", schema_name = "public")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        pub(super) name: String,
        pub(super) length_m: i32,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[test]
fn of_another_services_table_an_entity_reads_what_the_contract_names() {
    assert_eq!(
        entity_differences::<street::Entity>(&manifest()),
        [
            "`id`: the entity takes it for integer, `[requires.town-service]` says bigint",
            "`length_m`: the entity reads it, and `[requires.town-service]` does not name it",
        ]
    );
}

#[test]
fn a_table_that_is_not_declared_is_told_with_what_was_meant() {
    assert_eq!(
        entity_differences::<stranger::Entity>(&manifest()),
        ["the manifest declares no table of that name; did you mean `shop_visits`?"]
    );
    assert_eq!(
        entity_differences::<elsewhere::Entity>(&manifest()),
        [
            "the entity looks for it in schema `public`, the manifest declares it in `shop`; write `schema_name = \"shop\"`"
        ]
    );
}

#[test]
#[should_panic(
    expected = "the entity of `shop_visit` and shop-service.toml differ:\n  the manifest declares no table"
)]
fn the_assertion_fails_with_what_differs() {
    assert_entity::<stranger::Entity>(&manifest());
}

#[test]
fn what_no_driver_reads_from_sqlite_is_told() {
    let told = unread_on_sqlite::<shop::Entity>(&manifest());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("`tags`: no driver reads this type from SQLite, which holds text"),
        "{told:?}"
    );
    let as_bytes = TABLES.replace(
        "name = \"text not null\"\nstate",
        "name = { def = \"text not null\", sqlite = \"blob not null\" }\nstate",
    );
    let manifest = Manifest::parse("shop-service.toml", &as_bytes)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .manifest;
    let told = unread_on_sqlite::<shop::Entity>(&manifest);
    assert_eq!(told[0], "`name`: the entity reads text there, and SQLite holds blob");
}

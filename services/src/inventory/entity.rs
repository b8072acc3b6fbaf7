//! The tables that the endpoints use. What the database fills by itself is read and never written.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Where a cylinder is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "inventory_cylinder_status",
    rename_all = "snake_case"
)]
pub(crate) enum Status {
    Empty,
    Quarantined,
    Full,
    InTransit,
    WithCustomer,
    Maintenance,
    Lost,
    Scrapped,
}

/// What a cylinder is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "inventory_valve", rename_all = "snake_case")]
pub(crate) enum Valve {
    PinIndex,
    Bullnose,
    Handwheel,
}

/// How a cylinder came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "inventory_condition", rename_all = "snake_case")]
pub(crate) enum Returned {
    Good,
    Damaged,
    Contaminated,
}

/// Why a count changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "inventory_movement_kind",
    rename_all = "snake_case"
)]
pub(crate) enum Movement {
    Received,
    Returned,
    Dispatched,
    Damaged,
    Counted,
}

pub(crate) mod cylinder {
    use super::{Status, Valve};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "inventory_cylinders")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) owner_id: Uuid,
        pub(crate) serial_number: String,
        pub(crate) barcode: Option<String>,
        pub(crate) size: String,
        pub(crate) grade: String,
        pub(crate) valve: Valve,
        pub(crate) status: Status,
        pub(crate) location_id: Option<Uuid>,
        pub(crate) filling_id: Option<Uuid>,
        pub(crate) manufactured_on: Date,
        pub(crate) tested_on: Date,
        pub(crate) test_due_on: Date,
        pub(crate) lost_at: Option<DateTimeUtc>,
        pub(crate) scrapped_at: Option<DateTimeUtc>,
        pub(crate) scrapped_reason: Option<String>,
        pub(crate) revision: i32,
        pub(crate) created_at: DateTimeUtc,
        pub(crate) updated_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use super::Status;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "inventory_cylinder_events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) cylinder_id: Uuid,
        pub(crate) old_status: Option<Status>,
        pub(crate) new_status: Status,
        pub(crate) changed_by: Option<Uuid>,
        pub(crate) changed_at: DateTimeUtc,
        pub(crate) note: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod assignment {
    use super::Returned;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "inventory_cylinder_assignments")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) cylinder_id: Uuid,
        pub(crate) customer_id: Uuid,
        pub(crate) order_id: Option<Uuid>,
        #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
        pub(crate) deposit: Decimal,
        pub(crate) assigned_at: DateTimeUtc,
        pub(crate) due_back_on: Option<Date>,
        pub(crate) returned_at: Option<DateTimeUtc>,
        pub(crate) returned_condition: Option<Returned>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod stock {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "inventory_stock")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) product_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) location_id: Uuid,
        pub(crate) vendor_id: Uuid,
        pub(crate) on_hand: i32,
        pub(crate) reserved: i32,
        pub(crate) available: i32,
        pub(crate) counted_at: Option<DateTimeUtc>,
        pub(crate) updated_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod movement {
    use super::Movement;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "inventory_stock_movements")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) product_id: Uuid,
        pub(crate) location_id: Uuid,
        pub(crate) kind: Movement,
        pub(crate) quantity: i32,
        pub(crate) balance: i32,
        pub(crate) reference: Uuid,
        pub(crate) moved_by: Option<Uuid>,
        pub(crate) note: Option<String>,
        pub(crate) moved_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[cfg(test)]
mod tests {
    use super::{assignment, cylinder, event, movement, stock};
    use freehold::testing::assert_entity;

    #[test]
    fn entities_are_the_manifests_tables() {
        let manifest = (crate::INVENTORY.manifest)();
        assert_entity::<cylinder::Entity>(&manifest);
        assert_entity::<event::Entity>(&manifest);
        assert_entity::<assignment::Entity>(&manifest);
        assert_entity::<stock::Entity>(&manifest);
        assert_entity::<movement::Entity>(&manifest);
    }
}

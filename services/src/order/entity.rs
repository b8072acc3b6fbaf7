//! The tables that the endpoints use. What the database fills by itself is read and never written.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// How an order came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "order_channel", rename_all = "snake_case")]
pub(crate) enum Channel {
    Web,
    Mobile,
    Phone,
    Partner,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "order_status", rename_all = "snake_case")]
pub(crate) enum Status {
    Pending,
    Confirmed,
    Preparing,
    InTransit,
    Delivered,
    Cancelled,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "order_item_kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    Refill,
    Exchange,
    Rental,
    Sale,
}

/// The letter of a cylinder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "order_cylinder_size")]
pub(crate) enum Size {
    #[sea_orm(string_value = "D")]
    D,
    #[sea_orm(string_value = "E")]
    E,
    #[sea_orm(string_value = "F")]
    F,
    #[sea_orm(string_value = "G")]
    G,
    #[sea_orm(string_value = "J")]
    J,
}

pub(crate) mod order {
    use super::{Channel, Status};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) number: i64,
        pub(crate) hospital_id: Uuid,
        pub(crate) vendor_id: Option<Uuid>,
        pub(crate) channel: Channel,
        pub(crate) client_reference: Option<Uuid>,
        pub(crate) purchase_order: Option<String>,
        pub(crate) status: Status,
        pub(crate) emergency: bool,
        pub(crate) emergency_reason: Option<String>,
        pub(crate) deliver_after: DateTimeUtc,
        pub(crate) deliver_before: DateTimeUtc,
        pub(crate) delivery_address: String,
        pub(crate) delivery_city: String,
        pub(crate) delivery_state: String,
        pub(crate) contact_name: String,
        pub(crate) contact_phone: String,
        pub(crate) contact_email: Option<String>,
        #[sea_orm(column_type = "Char(Some(3))")]
        pub(crate) currency: String,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) subtotal: Decimal,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) total: Decimal,
        pub(crate) placed_at: DateTimeUtc,
        pub(crate) confirmed_at: Option<DateTimeUtc>,
        pub(crate) dispatched_at: Option<DateTimeUtc>,
        pub(crate) delivered_at: Option<DateTimeUtc>,
        pub(crate) cancelled_at: Option<DateTimeUtc>,
        pub(crate) cancel_reason: Option<String>,
        pub(crate) cancelled_by: Option<Uuid>,
        pub(crate) revision: i32,
        pub(crate) updated_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod item {
    use super::{Kind, Size};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_items")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) order_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) line_no: i16,
        pub(crate) product_id: Uuid,
        pub(crate) description: String,
        pub(crate) kind: Kind,
        pub(crate) cylinder_size: Size,
        pub(crate) quantity: i32,
        pub(crate) oxygen_litres: i32,
        #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
        pub(crate) unit_price: Decimal,
        #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
        pub(crate) deposit: Decimal,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) line_total: Decimal,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod history {
    use super::Status;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_status_history")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) order_id: Uuid,
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

#[cfg(test)]
mod tests {
    use super::{history, item, order};
    use freehold::testing::assert_entity;

    #[test]
    fn entities_are_the_manifests_tables() {
        let manifest = (crate::ORDER.manifest)();
        assert_entity::<order::Entity>(&manifest);
        assert_entity::<item::Entity>(&manifest);
        assert_entity::<history::Entity>(&manifest);
    }
}

//! The tables that the endpoints use, and of order-service's table what the manifest leans on.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "payment_status", rename_all = "snake_case")]
pub(crate) enum Status {
    Pending,
    Succeeded,
    Failed,
    Abandoned,
}

/// How it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "payment_method", rename_all = "snake_case")]
pub(crate) enum Method {
    Card,
    BankTransfer,
    Ussd,
    Cash,
}

/// Why money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "payment_refund_reason",
    rename_all = "snake_case"
)]
pub(crate) enum Reason {
    OrderCancelled,
    NotDelivered,
    Quality,
    ChargedTwice,
    Goodwill,
}

/// How far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "payment_refund_status",
    rename_all = "snake_case"
)]
pub(crate) enum RefundStatus {
    Requested,
    Approved,
    Rejected,
    Completed,
}

/// What an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "payment_webhook_outcome",
    rename_all = "snake_case"
)]
pub(crate) enum Outcome {
    Applied,
    Ignored,
    Rejected,
}

/// Who tells of payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "payment_provider", rename_all = "snake_case")]
pub(crate) enum Provider {
    Paystack,
}

pub(crate) mod payment {
    use super::{Method, Status};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payments")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) order_id: Uuid,
        pub(crate) payer_id: Uuid,
        pub(crate) client_reference: Uuid,
        pub(crate) reference: String,
        pub(crate) method: Method,
        #[sea_orm(column_type = "Char(Some(3))")]
        pub(crate) currency: String,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) amount: Decimal,
        pub(crate) amount_kobo: i64,
        #[sea_orm(column_type = "Decimal(Some((12, 2)))")]
        pub(crate) fee: Decimal,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) refunded: Decimal,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) net: Decimal,
        pub(crate) status: Status,
        pub(crate) provider_id: Option<i64>,
        pub(crate) created_at: DateTimeUtc,
        pub(crate) expires_at: DateTimeUtc,
        pub(crate) paid_at: Option<DateTimeUtc>,
        pub(crate) failed_at: Option<DateTimeUtc>,
        pub(crate) failure_reason: Option<String>,
        pub(crate) revision: i32,
        pub(crate) updated_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod history {
    use super::Status;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payment_status_history")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) payment_id: Uuid,
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

pub(crate) mod refund {
    use super::{Reason, RefundStatus};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payment_refunds")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) payment_id: Uuid,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) amount: Decimal,
        pub(crate) reason: Reason,
        pub(crate) note: Option<String>,
        pub(crate) status: RefundStatus,
        pub(crate) requested_by: Uuid,
        pub(crate) requested_at: DateTimeUtc,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod webhook {
    use super::{Outcome, Provider};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payment_webhook_events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) provider: Provider,
        pub(crate) event_type: String,
        pub(crate) event_key: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) payload: Json,
        pub(crate) payload_sha256: Vec<u8>,
        pub(crate) payment_id: Option<Uuid>,
        pub(crate) received_at: DateTimeUtc,
        pub(crate) processed_at: Option<DateTimeUtc>,
        pub(crate) outcome: Option<Outcome>,
        pub(crate) problem: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Another service's table: read only, and only what `[requires]` names.
pub(crate) mod order {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) hospital_id: Uuid,
        #[sea_orm(column_type = "Decimal(Some((14, 2)))")]
        pub(crate) total: Decimal,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[cfg(test)]
mod tests {
    use super::{history, order, payment, refund, webhook};
    use freehold::testing::assert_entity;

    #[test]
    fn entities_are_the_manifests_tables() {
        let manifest = (crate::PAYMENT.manifest)();
        assert_entity::<payment::Entity>(&manifest);
        assert_entity::<history::Entity>(&manifest);
        assert_entity::<refund::Entity>(&manifest);
        assert_entity::<webhook::Entity>(&manifest);
    }

    #[test]
    fn of_another_services_table_only_the_contract_is_read() {
        assert_entity::<order::Entity>(&(crate::PAYMENT.manifest)());
    }
}

//! What order-service moves by hand: a manifest says how rows may look, not where rows that came before it get what they lack.

use sea_orm_migration::prelude::*;

/// The steps of order-service, oldest first. A step that was released is never changed; what it forgot is another step.
#[derive(Debug)]
pub struct Order;

impl MigratorTrait for Order {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(FirstStatus)]
    }
}

/// Orders that were placed before their history was kept get its first line, at the moment when they were placed.
struct FirstStatus;

impl MigrationName for FirstStatus {
    fn name(&self) -> &str {
        "0001_first_status"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FirstStatus {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "insert into order_status_history (order_id, new_status, changed_at, note)
            select o.id, 'pending', o.placed_at, 'placed before its history was kept' from orders o
            where not exists (select 1 from order_status_history h where h.order_id = o.id and h.old_status is null)";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}

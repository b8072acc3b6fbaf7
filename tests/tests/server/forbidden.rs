//! The rules of the four services, judged by rows: what must be accepted is, and each forbidden statement is refused
//! for its own reason.
//!
//! The statements are in `tests/forbidden/*.sql`, in the format that is written at their top.

use crate::Outcome;
use crate::service::{Service, bundled};
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::fs;

mod file;

use file::{File, Forbidden};

#[tokio::test]
async fn forbidden_rows_of_user_service_are_refused_and_all_others_accepted() -> Outcome {
    judge("user-service").await
}

#[tokio::test]
async fn forbidden_rows_of_order_service_are_refused_and_all_others_accepted() -> Outcome {
    judge("order-service").await
}

#[tokio::test]
async fn forbidden_rows_of_inventory_service_are_refused_and_all_others_accepted() -> Outcome {
    judge("inventory-service").await
}

#[tokio::test]
async fn forbidden_rows_of_payment_service_are_refused_and_all_others_accepted() -> Outcome {
    judge("payment-service").await
}

async fn judge(service: &str) -> Outcome {
    let path = workspace().join("tests/forbidden").join(format!("{service}.sql"));
    let file = File::read(&fs::read_to_string(&path)?);
    let database = Database::create(service).await;
    for manifest in &file.manifests {
        Service::new(&database, &bundled(manifest)).applies().await;
    }
    let mut connection = database.connect().await;
    for given in &file.given {
        let accepted = send(&mut connection, &format!("begin;\n{};\ncommit", given.sql)).await;
        accepted.map_err(|error| format!("not accepted: {}: {error}", given.title))?;
    }
    let mut wrong = Vec::new();
    for forbidden in &file.forbidden {
        let found = refusal_of(&mut connection, &forbidden.sql).await?;
        if found != forbidden.refused {
            let Forbidden { name, why, refused, .. } = forbidden;
            wrong.push(format!("{name} ({why}): expected {refused}, found {found}"));
        }
    }
    connection.close().await?;
    assert!(file.forbidden.len() >= 50, "only {} statements were read", file.forbidden.len());
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), file.forbidden.len(), wrong.join("\n"));
    Ok(())
}

/// Runs a statement in a transaction that is never committed, with every deferred rule judged at its end. Gives back
/// what the server said, in the words of the file.
async fn refusal_of(connection: &mut PgConnection, sql: &str) -> Result<String, sqlx::Error> {
    let judged = send(connection, &format!("begin;\n{sql};\nset constraints all immediate")).await;
    send(connection, "rollback").await?;
    let error = match judged {
        Ok(()) => return Ok("accepted".to_owned()),
        Err(sqlx::Error::Database(error)) => error.downcast::<PgDatabaseError>(),
        Err(other) => return Err(other),
    };
    let name = match (error.constraint(), error.table(), error.column()) {
        (Some(constraint), _, _) => constraint.to_owned(),
        (None, Some(table), Some(column)) => format!("{table}.{column}"),
        _ => error.message().to_owned(),
    };
    // Since PostgreSQL 18 a key that restricts has a code of its own.
    let code = if error.code() == "23001" { "23503" } else { error.code() };
    Ok(format!("{code} {name}"))
}

async fn send(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.map(|_| ())
}

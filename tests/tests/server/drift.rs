//! What somebody changed by hand behind a version that is in place, the role that owns what is made, and an older build behind a newer one.

use crate::Outcome as Ended;
use crate::service::{Service, manifest};
use freehold::Freehold;
use freehold::bringup::Outcome;
use freehold::config::{Config, Flags};
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use std::time::Duration;

const ORDERS: &str = "[tables.orders.columns]\nid = 'bigint primary key'\nnote = \"text not null default ''\"\n\
    size = 'int generated always as (length(note)) stored'\n\
    [tables.orders.indexes]\norders_note_idx = '(note)'\n";

/// What can be mended is mended, what cannot is said, and the service is not kept away by either.
#[tokio::test]
async fn drift_is_mended_where_it_can_be_and_reported_where_it_cannot() -> Ended {
    let database = Database::create("drift").await;
    let service = Service::new(&database, &manifest("shop-service", "1.0.0", ORDERS));
    service.applies().await;
    database
        .execute(
            "insert into orders values (1, 'x'); drop index orders_note_idx;
             alter table orders alter column note drop default, drop column size, add column size int",
        )
        .await?;
    let applied = service.applies().await;
    assert_eq!(applied.steps, 2, "the index and the default come back");
    let drift: Vec<String> = applied.drift.iter().map(|drift| drift.object.to_string()).collect();
    assert_eq!(drift, ["column orders.size"]);
    let again = service.start().await?;
    assert!(matches!(&again, Outcome::Drifted(drift) if drift.len() == 1), "{again:?}");
    database
        .execute("alter table orders drop column size, add column size int generated always as (length(note)) stored")
        .await?;
    service.finds_nothing_to_do().await;
    Ok(())
}

/// What cannot be mended is not learned by heart while something else is mended, and so not forgotten.
#[tokio::test]
async fn drift_is_reported_again_after_something_else_was_mended() -> Ended {
    let database = Database::create("drift_again").await;
    let service = Service::new(&database, &manifest("shop-service", "1.0.0", ORDERS));
    service.applies().await;
    database
        .execute(
            "insert into orders values (1, 'x'); drop index orders_note_idx;
             alter table orders drop column size, add column size int",
        )
        .await?;
    let names = |drift: &[freehold::kind::Refusal]| {
        drift.iter().map(|drift| drift.object.to_string()).collect::<Vec<_>>()
    };
    let applied = service.applies().await;
    assert_eq!((applied.steps, names(&applied.drift)), (1, vec!["column orders.size".to_owned()]));
    for _ in 0..2 {
        let again = service.start().await?;
        let Outcome::Drifted(drift) = &again else { panic!("the drift was forgotten: {again:?}") };
        assert_eq!(names(drift), ["column orders.size"]);
    }
    Ok(())
}

/// Each start says it again, and whoever asks the running service is told why and what to do.
#[tokio::test]
async fn c15_5_what_is_not_applied_is_said_at_every_start() -> Ended {
    let database = Database::create("drift_said").await;
    let service = Service::new(&database, &manifest("shop-service", "1.0.0", ORDERS));
    service.applies().await;
    database
        .execute(
            "insert into orders values (1, 'x'); alter table orders drop column size, add column size int",
        )
        .await?;
    let url = database.url();
    for _ in 0..2 {
        let lookup = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
        let config = Config::load(&lookup, &Flags::default())?;
        let slice = Freehold::new(service.manifest.clone()).with(config).start();
        let mut states = slice.watch();
        let settled = states.wait_for(|state| !state.not_applied.is_empty());
        let state = tokio::time::timeout(Duration::from_secs(30), settled).await??.clone();
        let [refusal] = state.not_applied.as_slice() else { panic!("{state:?}") };
        assert_eq!((refusal.code, refusal.object.to_string().as_str()), ("FH223", "column orders.size"));
        assert!(refusal.what.contains("length(note)") && !refusal.help.is_empty(), "{refusal:?}");
        assert_eq!(state.drift, ["column orders.size"]);
    }
    Ok(())
}

/// A view where a table of ours stood: nothing is dropped, nothing is made, the rest of the slice is still looked after.
#[tokio::test]
async fn a_name_that_something_else_took_is_reported_and_left_alone() -> Ended {
    let database = Database::create("occupied").await;
    let lines = format!("{ORDERS}[tables.notes.columns]\nid = 'bigint primary key'\n");
    let service = Service::new(&database, &manifest("shop-service", "1.0.0", &lines));
    service.applies().await;
    database
        .execute("drop table notes; create view notes as select 1 as id; drop index orders_note_idx")
        .await?;
    let applied = service.applies().await;
    assert_eq!(applied.steps, 1, "the index comes back");
    assert_eq!(applied.drift.iter().map(|drift| drift.code).collect::<Vec<_>>(), ["FH220"]);
    Ok(())
}

#[tokio::test]
async fn what_is_made_belongs_to_the_owner_that_the_manifest_names() -> Ended {
    let test = "owner_role";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create_on(cluster, test).await;
    database.execute("create role plot_owner nologin; grant create on schema public to plot_owner").await?;
    let lines = format!("owner = 'plot_owner'\n[enums]\nstate = ['a']\n{ORDERS}");
    let service = Service::new(&database, &manifest("shop-service", "1.0.0", &lines));
    service.applies().await;
    database.execute("insert into orders values (1, 'a')").await?;
    let more = lines.replace("orders_note_idx", "orders_new_idx = '(note, id)'\norders_note_idx");
    // A schema is not the owner's, and what is said of it is not either.
    let said = "[schemas]\npublic = { comment = 'where we are' }\n[tables.orders]\ncomment = 'what is asked for'\n[tables.orders.columns]";
    let more = more.replace("[tables.orders.columns]", said);
    Service::new(&database, &manifest("shop-service", "1.1.0", &more)).applies().await;
    let owners = "select string_agg(distinct pg_get_userbyid(relowner), ',') from pg_class where relname like 'orders%'";
    assert_eq!(database.fetch_one_text(owners).await?, "plot_owner");
    let ledger = "select pg_get_userbyid(relowner) from pg_class where oid = 'freehold.service'::regclass";
    assert_ne!(database.fetch_one_text(ledger).await?, "plot_owner");
    let said = "select concat(obj_description('public'::regnamespace, 'pg_namespace'), ', ', obj_description('orders'::regclass, 'pg_class'))";
    assert_eq!(database.fetch_one_text(said).await?, "where we are, what is asked for");
    Ok(())
}

/// An older build serves beside a newer slice, and stays away only when a thing that it needs is gone.
#[tokio::test]
async fn an_older_build_follows_a_newer_slice_and_changes_nothing() -> Ended {
    let database = Database::create("follow").await;
    let old = Service::new(&database, &manifest("shop-service", "1.0.0", ORDERS));
    old.applies().await;
    let more = format!("{ORDERS}[tables.notes.columns]\nid = 'bigint primary key'\n");
    Service::new(&database, &manifest("shop-service", "1.1.0", &more)).applies().await;
    // A newer build may have given a column another default; what stands is not absent.
    database.execute("alter table orders alter column note set default 'newer'").await?;
    let before = database.dump();
    let outcome = old.start().await?;
    assert!(matches!(&outcome, Outcome::Ahead(version) if version.to_string() == "1.1.0"), "{outcome:?}");
    assert_eq!(database.dump(), before);
    database.execute("alter table orders drop column size, drop column note").await?;
    let refusals = old.is_refused().await;
    assert_eq!(refusals[0].code, "FH231");
    assert!(refusals[0].what.contains("column orders.note"), "{refusals:?}");
    Ok(())
}

#[tokio::test]
async fn a_version_with_other_content_is_refused() {
    let database = Database::create("reused").await;
    Service::new(&database, &manifest("shop-service", "1.0.0", ORDERS)).applies().await;
    let other = ORDERS.replace("'(note)'", "'(note, id)'");
    let refusals = Service::new(&database, &manifest("shop-service", "1.0.0", &other)).is_refused().await;
    assert_eq!(refusals[0].code, "FH230");
}

//! What would lose values, stop everybody for long, or cannot be done is refused, each change in words that say why, and nothing is changed: not
//! even what could have been added beside it.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup;
use freehold_tests::command;
use freehold_tests::database::Database;
use freehold_tests::process::{End, Process};
use freehold_tests::server::Server;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

const FIRST: &str = "
[enums]
bill_state = ['draft', 'sent', 'paid']

[tables.clients.columns]
id = 'bigint primary key'
code = 'text not null unique'

[tables.bills.columns]
id = 'bigint generated always as identity primary key'
client_id = 'bigint references clients (id)'
number = 'varchar(20) not null'
amount = 'numeric(10,2) not null default 0'
state = \"bill_state not null default 'draft'\"
note = 'text'
seen = 'varchar(5)'
sent_at = 'timestamptz'
total = 'numeric(12,2) generated always as (amount * 2) stored'

[tables.bills.constraints]
bills_amount_check = 'check (amount > 0)'
bills_number_key = 'unique (number)'
bills_state_check = \"check (state in ('draft', 'sent'))\"

[tables.bills.indexes]
bills_client_idx = '(client_id)'
bills_open_idx = \"(number, amount) where state = 'sent'\"
";

/// A change to the text above, the object that it is about, and the two sides that the refusal must show.
struct Change {
    from: &'static str,
    to: &'static str,
    object: &'static str,
    shows: [&'static str; 2],
}

const fn change(
    from: &'static str,
    to: &'static str,
    object: &'static str,
    shows: [&'static str; 2],
) -> Change {
    Change { from, to, object, shows }
}

const CHANGES: &[Change] = &[
    change("numeric(10,2)", "numeric(10,1)", "column bills.amount", ["numeric(10,2)", "rounded away"]),
    change("numeric(10,2)", "int", "column bills.amount", ["numeric(10,2)", "rounded away"]),
    change("note = 'text'", "note = 'jsonb'", "column bills.note", ["`text`", "`jsonb` by itself"]),
    change("sent_at = 'timestamptz'", "sent_at = 'date'", "column bills.sent_at", ["time of day", "`date`"]),
    change(
        "note = 'text'",
        "note = 'text not null'",
        "column bills.note",
        ["more than 10000 rows", "no value"],
    ),
    change(
        "number = 'varchar(20)",
        "number = 'varchar(10)",
        "column bills.number",
        ["all 10500 rows", "again"],
    ),
    change(
        "number = 'varchar(20)",
        "number = 'varchar(3)",
        "column bills.number",
        ["9501 rows", "no place in `character varying(3)`"],
    ),
    change(
        "number = 'varchar(20)",
        "number = 'bill_state",
        "column bills.number",
        ["more than 10000 rows", "no place in `bill_state`"],
    ),
    change(
        "seen = 'varchar(5)'",
        "seen = \"varchar(5) generated always as ('x') stored\"",
        "column bills.seen",
        ["computed as `'x'`", "lost"],
    ),
    change("note = 'text'", "note = 'text collate \"C\"'", "column bills.note", ["all 10500 rows", "again"]),
    change("seen = 'varchar(5)'", "seen = 'varchar(9)'", "column bills.seen", ["view seen_bills", "type"]),
    change("amount * 2", "amount * 3", "column bills.total", ["(2)::numeric", "amount * 3"]),
    change(
        "code = 'text not null unique'",
        "code = 'text not null unique deferrable'",
        "key clients.clients_code_key",
        ["foreign key", "badges"],
    ),
    change(
        "'draft', 'sent', 'paid']",
        "'sent', 'draft', 'paid']",
        "enum bill_state",
        ["`draft`, `sent`, `paid`", ""],
    ),
];

/// 1.1.0 with the change, and with a table that could be added.
fn second(change: &Change) -> String {
    let changed = FIRST.replacen(change.from, change.to, 1);
    assert_ne!(changed, FIRST, "nothing says {}", change.from);
    manifest(
        "bill-service",
        "1.1.0",
        &format!("{changed}[tables.reminders.columns]\nid = 'bigint primary key'\n"),
    )
}

/// 1.0.0 in place, with rows.
async fn in_place(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &manifest("bill-service", "1.0.0", FIRST)).applies().await;
    database
        .execute(
            "insert into bills (number, amount) select i, 5 from generate_series(1, 10500) i; analyze;
             create view seen_bills as select seen from bills;
             create table badges (code text references clients (code))",
        )
        .await?;
    Ok(database)
}

#[tokio::test]
async fn what_would_lose_or_block_is_refused_and_nothing_is_changed() -> Outcome {
    let test = "refused";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = in_place(test).await?;
    let before = database.dump();
    let mut wrong = Vec::new();
    for change in CHANGES {
        let mark = cluster.log().mark();
        let refusals = match Service::new(&database, &second(change)).start().await? {
            bringup::Outcome::Refused(refusals) => refusals,
            other => {
                wrong.push(format!("{} → {}: {other:?}", change.from, change.to));
                break;
            }
        };
        let found: Vec<String> = refusals.iter().map(|refusal| refusal.object.to_string()).collect();
        let clear = |refusal: &freehold::kind::Refusal| {
            change.shows.iter().all(|shown| refusal.what.contains(shown)) && !refusal.help.is_empty()
        };
        if found != [change.object] || !refusals.iter().all(clear) {
            wrong.push(format!("{} → {}: {refusals:#?}", change.from, change.to));
        }
        let log = cluster.log().since(mark).of_database(database.name());
        if !log.statements().is_empty() || !log.errors().is_empty() {
            wrong.push(format!("{} → {}: {:?} {:?}", change.from, change.to, log.statements(), log.errors()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(database.dump(), before);
    let ledger = "select concat(version, ' ', (select count(*) from freehold.history)) from freehold.service";
    assert_eq!(database.fetch_one_text(ledger).await?, "1.0.0 1");
    Ok(())
}

#[tokio::test]
async fn a_refused_change_ends_the_command_with_3_and_says_what_and_where() -> Outcome {
    let database = in_place("refused_command").await?;
    let before = database.dump();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bill-service.toml");
    for change in CHANGES.iter().step_by(7) {
        fs::write(&file, second(change))?;
        let output = Process::spawn(&mut command::apply(database.address(), &file))?.wait(LIMIT);
        assert_eq!(output.end, End::Exited(3), "{output}");
        let said = [change.object, "bill-service.toml:", "help"]
            .iter()
            .chain(&change.shows)
            .all(|part| output.stderr.contains(part));
        assert!(said, "{} → {}: {output}", change.from, change.to);
    }
    assert_eq!(database.dump(), before);
    Ok(())
}

//! What is not an addition is refused, each change in words that say what is there and what is asked for, and nothing
//! is changed: not even what could have been added beside it.

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

[tables.bills.columns]
id = 'bigint generated always as identity primary key'
client_id = 'bigint references clients (id)'
number = 'varchar(20) not null'
amount = 'numeric(10,2) not null default 0'
state = \"bill_state not null default 'draft'\"
note = 'text'
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
    change("numeric(10,2)", "numeric(12,2)", "column bills.amount", ["numeric(10,2)", "numeric(12,2)"]),
    change("varchar(20)", "text", "column bills.number", ["character varying(20)", "text"]),
    change("note = 'text'", "note = 'jsonb'", "column bills.note", ["text", "jsonb"]),
    change("default 0'", "default 1'", "column bills.amount", ["`0`", "`1`"]),
    change(" default 0'", "'", "column bills.amount", ["`0`", "none"]),
    change("note = 'text'", "note = \"text default 'x'\"", "column bills.note", ["none", "'x'"]),
    change("default 'draft'", "default 'sent'", "column bills.state", ["'draft'", "'sent'"]),
    change("varchar(20) not null", "varchar(20)", "column bills.number", ["not null", "null"]),
    change("note = 'text'", "note = 'text not null'", "column bills.note", ["null", "not null"]),
    change("note = 'text'", "note = 'text collate \"C\"'", "column bills.note", ["the type's", "C"]),
    change("amount * 2", "amount * 3", "column bills.total", ["2", "3"]),
    change("always as identity", "by default as identity", "column bills.id", ["always", "by default"]),
    change("amount > 0", "amount >= 0", "check bills.bills_amount_check", ["> (0)", ">= 0"]),
    change("'draft', 'sent')", "'draft', 'sent', 'paid')", "check bills.bills_state_check", ["sent", "paid"]),
    change(
        "unique (number)",
        "unique (number, client_id)",
        "key bills.bills_number_key",
        ["(number)", "(number, client_id)"],
    ),
    change(
        "unique (number)",
        "unique (number) deferrable",
        "key bills.bills_number_key",
        ["(number)", "deferrable"],
    ),
    change("'(client_id)'", "'(client_id desc)'", "index bills_client_idx on bills", ["(client_id)", "desc"]),
    change(
        "'(client_id)'",
        "'(client_id) with (fillfactor = 70)'",
        "index bills_client_idx on bills",
        ["(client_id)", "fillfactor"],
    ),
    change("'(client_id)'", "'unique (client_id)'", "index bills_client_idx on bills", ["", "unique"]),
    change(
        "(number, amount)",
        "(amount, number)",
        "index bills_open_idx on bills",
        ["(number, amount)", "(amount, number)"],
    ),
    change("state = 'sent'\"", "state = 'paid'\"", "index bills_open_idx on bills", ["sent", "paid"]),
    change(
        "(number, amount)",
        "(number) include (amount)",
        "index bills_open_idx on bills",
        ["(number, amount)", "include"],
    ),
    change(
        "references clients (id)",
        "references clients (id) on delete cascade",
        "foreign key bills.bills_client_id_fkey",
        ["clients", "on delete"],
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
    database.execute("insert into bills (number, amount) values ('1', 5), ('2', 6); analyze").await?;
    Ok(database)
}

#[tokio::test]
async fn what_is_no_addition_is_refused_and_nothing_is_changed() -> Outcome {
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

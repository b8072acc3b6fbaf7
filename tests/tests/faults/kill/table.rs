//! What the matrix found, as a page: nothing in it depends on the machine or the moment.

use super::{Moment, SEED};
use crate::scenario::Scenario;

/// One moment, and in what its end differs.
pub(crate) struct Row {
    pub(crate) moment: Moment,
    pub(crate) wrong: Option<String>,
}

pub(crate) const HEAD: &str = "\
# The kill matrix

`freehold apply` is sent SIGKILL at one moment, and then started once more without faults. The end is compared with that of a run
that nobody disturbed: the schema as pg_dump writes it, and the ledger (services, objects, steps, what waits) without numbers and
moments; no index may be half built, and no lock be held. \"=\" means that nothing differs. Of the last scenario the server is stopped, too.

Made by `FREEHOLD_WRITE_DOCS=1 cargo test -p freehold-tests --test faults c9_1_a_killed`.
";

/// Long enough to know a statement by.
const SUMMARY_LETTERS: usize = 80;

/// A message in a line. Of a transaction with changes, the first change says more than its beginning.
fn summary(sent: Option<&String>) -> String {
    let Some(text) = sent else { return "a prepared statement".to_owned() };
    // Between the statements stand questions for the server's clock.
    let changes: Vec<&str> =
        text.split(";\n").skip(1).filter(|part| !part.contains("clock_timestamp()")).collect();
    match changes.as_slice() {
        [first, rest @ ..] if text.starts_with("begin; set local") && !rest.is_empty() => {
            format!("{} and {} more in one transaction", line(first), rest.len())
        }
        [first] if text.starts_with("begin; set local") => format!("{} in a transaction", line(first)),
        _ => line(text),
    }
}

fn line(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let line = words.join(" ").replace('|', "\\|").replace('`', "'");
    match line.char_indices().nth(SUMMARY_LETTERS) {
        Some((end, _)) => format!("`{} …`", line[..end].trim_end()),
        None => format!("`{line}`"),
    }
}

fn sign(row: &Row) -> &'static str {
    if row.wrong.is_none() { "=" } else { "**differs**" }
}

pub(crate) fn section(scenario: &Scenario, rows: &[Row], crashes: &[Row]) -> String {
    let of = |wanted: fn(&Moment) -> bool| rows.iter().filter(move |row| wanted(&row.moment));
    let equal = |rows: &mut dyn Iterator<Item = &Row>| rows.filter(|row| row.wrong.is_none()).count();
    let mut page = format!(
        "\n## Of {}\n\n| killed when this was sent, before its answer | end |\n|---|---|\n",
        scenario.name
    );
    for row in rows {
        if let Moment::Sent(number) = row.moment {
            page.push_str(&format!("| {} | {} |\n", summary(scenario.sent[number - 1].as_ref()), sign(row)));
        }
    }
    let answered = || of(|moment| matches!(moment, Moment::Answered(_)));
    let mut drawn = of(|moment| matches!(moment, Moment::Part(_)));
    page.push_str(&format!(
        "\nKilled right after {} of its {} answers: {} end equal.\nKilled at {} instants drawn from seed {SEED:#x}: {} end equal.\n",
        answered().count(),
        scenario.answers,
        equal(&mut answered()),
        scenario.instants,
        equal(&mut drawn),
    ));
    if !crashes.is_empty() {
        page.push_str(&format!(
            "The server stopped at once (`pg_ctl stop -m immediate`) right after the answer to each of {} messages that change something: {} end equal.\n",
            crashes.len(),
            equal(&mut crashes.iter()),
        ));
    }
    page
}

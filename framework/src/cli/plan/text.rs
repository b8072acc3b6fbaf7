//! A plan as statements, and as a page for a pull request. Pure.

use super::degraded::section;
use super::parts::{parts, sentence};
use super::screen::{Detail, screen, versions};
use crate::cli::code;
use crate::cli::figures::plural;
use crate::cli::outlook::Outlook;
use crate::plan::Degraded;
use crate::step::{Step, Transaction};

/// The statements, with what each does and whom it keeps waiting. They are for reading: run by hand, nothing of them would be in
/// the ledger.
pub(in crate::cli) fn sql(outlook: &Outlook<'_>) -> String {
    let steps = &outlook.plan.steps;
    let server = &outlook.server;
    let mut out = format!(
        "-- {}, on {} ({} {}): {}\n-- for reading; `freehold apply` runs it and records it\n",
        versions(outlook),
        server.database,
        server.product,
        server.version,
        plural(steps.len(), "step"),
    );
    for refusal in &outlook.plan.refusals {
        out.push_str(&format!("-- refused {}: {}: {}\n", refusal.code, refusal.object, refusal.what));
    }
    for Degraded { object, what } in &outlook.plan.degraded {
        out.push_str(&format!("-- held otherwise {}: {object}: {what}\n", code::DEGRADED));
    }
    let mut rest = steps.as_slice();
    let mut number = 0;
    while let Some(first) = rest.first() {
        let together = rest.iter().take_while(|step| step.transaction == Transaction::Together).count();
        let (now, later) = rest.split_at(together.max(1));
        let in_one = first.transaction.is_one();
        out.push_str(if in_one { "\nbegin;\n" } else { "\n" });
        for step in now {
            number += 1;
            out.push_str(&statement(number, step));
        }
        out.push_str(if in_one { "commit;\n" } else { "" });
        rest = later;
    }
    out
}

fn statement(number: usize, step: &Step) -> String {
    let mut out = format!("-- {number}. {}: {}", sentence(step), step.lock.mode.who_waits());
    if let Some(place) = &step.source {
        out.push_str(&format!("   {}:{}", place.file, place.line));
    }
    for hazard in &step.hazards {
        out.push_str(&format!("\n-- ! {}", hazard.sentence()));
    }
    if step.transaction == Transaction::Alone {
        out.push_str(&format!("\nset local lock_timeout = {};", step.lock_timeout_ms));
    }
    if step.transaction == Transaction::Pieces {
        out.push_str("\n-- `freehold apply` runs it for one piece of the table after the other, and rests between them");
    }
    format!("{out}\n{};\n", step.run)
}

/// A page for a pull request: the table of steps in the open, the statements folded.
pub(in crate::cli) fn markdown(outlook: &Outlook<'_>, detail: Detail) -> String {
    let mut out = format!("### {}\n\n", versions(outlook));
    if outlook.plan.steps.is_empty() && outlook.plan.refusals.is_empty() {
        out.push_str(&anstream::adapter::strip_str(&screen(outlook, detail)).to_string());
        return out;
    }
    for refusal in &outlook.plan.refusals {
        out.push_str(&format!(
            "> **{}** {}: {}\n>\n> {}\n\n",
            refusal.code,
            escaped(&refusal.object.to_string()),
            escaped(&refusal.what),
            escaped(&refusal.help)
        ));
    }
    if !outlook.plan.steps.is_empty() {
        out.push_str(&table(outlook, detail));
    }
    let left_alone: Vec<String> =
        outlook.plan.left_alone.iter().map(|address| escaped(&address.to_string())).collect();
    if !left_alone.is_empty() {
        out.push_str(&format!("\nLeft alone: {}.\n", left_alone.join(", ")));
    }
    let held = section(&outlook.plan.degraded, true);
    if !held.is_empty() {
        let held = anstream::adapter::strip_str(&held).to_string();
        out.push_str(&format!(
            "\n<details><summary>Held otherwise on SQLite</summary>\n\n```{held}```\n\n</details>\n"
        ));
    }
    if outlook.plan.steps.is_empty() {
        return out;
    }
    let sql = sql(outlook);
    let fence = "`".repeat(longest_run_of_ticks(&sql).max(2) + 1);
    out.push_str(&format!("\n<details><summary>SQL</summary>\n\n{fence}sql\n{sql}{fence}\n\n</details>\n"));
    out
}

fn table(outlook: &Outlook<'_>, detail: Detail) -> String {
    let mut out = "| # | step | while it runs | how long | |\n|---:|---|---|---|---|\n".to_owned();
    for (position, part) in parts(&outlook.plan.steps, detail.all).iter().enumerate() {
        let hazards: Vec<&str> = part.hazards.iter().map(|hazard| hazard.sentence()).collect();
        let (title, hazards) = (escaped(&part.title), hazards.join("; "));
        out.push_str(&format!(
            "| {} | {title} | {} | {} | {hazards} |\n",
            position + 1,
            part.who_waits,
            part.how_long
        ));
    }
    out
}

/// Text that means nothing to a Markdown reader, but for what stands between two ticks: that is code there too.
fn escaped(text: &str) -> String {
    let special = |letter| "\\*_{}[]<>|#".contains(letter);
    let escape = |text: &str| -> String {
        text.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect()
    };
    let pieces: Vec<&str> = text.split('`').collect();
    let closed = pieces.len() % 2 == 1;
    let piece = |(position, piece): (usize, &&str)| match position % 2 {
        1 if closed => format!("`{}`", piece.replace('|', "\\|")),
        _ => escape(piece),
    };
    pieces.iter().enumerate().map(piece).collect()
}

fn longest_run_of_ticks(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

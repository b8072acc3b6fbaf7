//! Colours. They repeat what a sign or a word says already; the stream takes them out again where nobody can see them.

use anstyle::{AnsiColor, Style};

/// What is added, or went well.
pub(super) const ADD: Style = AnsiColor::Green.on_default();
/// What is changed.
pub(super) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// What is taken away.
pub(super) const REMOVE: Style = AnsiColor::Red.on_default();
/// What needs somebody.
pub(super) const ALERT: Style = AnsiColor::Red.on_default().bold();
/// What should be known before.
pub(super) const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
/// Headings and names.
pub(super) const STRONG: Style = Style::new().bold();
/// What can be skipped.
pub(super) const FAINT: Style = Style::new().dimmed();
/// What to do next.
pub(super) const HELP: Style = AnsiColor::Cyan.on_default();

/// The text in a style.
#[must_use]
pub(super) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

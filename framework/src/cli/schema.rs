//! `freehold schema`: the JSON Schema of manifests, for editors.

use super::End;
use super::args::Format;
use super::exit::Exit;
use super::shell::Shell;
use crate::manifest::json_schema;

/// The formats of the answer: it is JSON either way.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// The schema as a file holds it.
pub(super) fn text() -> String {
    format!("{:#}\n", json_schema())
}

/// Prints the schema.
pub(super) fn run(shell: &Shell) -> Result<Exit, End> {
    shell.answer(|_| text())?;
    Ok(Exit::Done)
}

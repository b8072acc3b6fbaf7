//! Where an answer goes: stdout, or the files that `-o` names. Colours go to terminals only.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use super::args::Format;
use super::code;
use super::exit::Exit;
use super::failure::Failure;

/// All places that an answer goes to.
#[derive(Debug)]
pub(super) struct Outputs(Vec<Output>);

#[derive(Debug)]
struct Output {
    format: Format,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Stdout,
    File(String, Mutex<File>),
}

impl Outputs {
    /// Opens every file that `-o` names; without any the answer goes to stdout. A name may say its format, `json:plan.txt`; otherwise it is
    /// the one that was chosen, otherwise the one that the file's ending means. `-` is stdout. Nothing is opened when one of the formats
    /// is not `known`.
    pub(super) fn open(names: &[String], chosen: Option<Format>, known: &[Format]) -> Result<Self, Failure> {
        let stdout = ["-".to_owned()];
        let names = if names.is_empty() { &stdout } else { names };
        let places: Vec<_> = names
            .iter()
            .map(|name| named_format(name).unwrap_or((chosen.unwrap_or(ending(name)), name)))
            .collect();
        if let Some((format, _)) = places.iter().find(|(format, _)| !known.contains(format)) {
            let known: Vec<&str> = known.iter().map(|format| format.word()).collect();
            let what = format!("this command does not write {}", format.word());
            let help = format!("it writes {}", known.join(", "));
            return Err(Failure::new(Exit::Usage, code::OUTPUT, what).help(help));
        }
        let open = |(format, name): (Format, &str)| {
            let file = || File::create(name).map_err(|error| unwritable(name, &error));
            let place = match name {
                "-" => Place::Stdout,
                name => Place::File(name.to_owned(), Mutex::new(file()?)),
            };
            Ok(Output { format, place })
        };
        places.into_iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// Writes a part of the answer everywhere; later parts follow it.
    pub(super) fn write(&self, render: &dyn Fn(Format) -> String) -> Result<(), Failure> {
        for Output { format, place } in &self.0 {
            let text = render(*format);
            match place {
                Place::Stdout => {
                    let mut stdout = anstream::stdout().lock();
                    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
                    match written {
                        // Whoever read us has seen enough.
                        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                        written => written.map_err(|error| unwritable("stdout", &error))?,
                    }
                }
                Place::File(name, file) => {
                    let plain = anstream::adapter::strip_str(&text).to_string();
                    let written =
                        file.lock().unwrap_or_else(PoisonError::into_inner).write_all(plain.as_bytes());
                    written.map_err(|error| unwritable(name, &error))?;
                }
            }
        }
        Ok(())
    }
}

/// `json:plan.json` as a format and a name.
fn named_format(name: &str) -> Option<(Format, &str)> {
    let (format, file) = name.split_once(':')?;
    let format = match format {
        "human" => Format::Human,
        "json" => Format::Json,
        "sql" => Format::Sql,
        "markdown" => Format::Markdown,
        "github" => Format::Github,
        _ => return None,
    };
    Some((format, file))
}

/// The format that a file's ending means.
fn ending(name: &str) -> Format {
    match name.rsplit_once('.') {
        Some((_, "json")) => Format::Json,
        Some((_, "sql")) => Format::Sql,
        Some((_, "md")) => Format::Markdown,
        _ => Format::Human,
    }
}

fn unwritable(name: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, code::OUTPUT, format!("{name} cannot be written")).cause(error.to_string())
}

impl Format {
    /// Its name.
    fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sql => "sql",
            Self::Markdown => "markdown",
            Self::Github => "github",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_say_its_format() {
        assert_eq!(named_format("json:plan.json"), Some((Format::Json, "plan.json")));
        assert_eq!(named_format("markdown:a:b.md"), Some((Format::Markdown, "a:b.md")));
        assert_eq!(named_format("plan.json"), None);
        assert_eq!(named_format("c:plan.json"), None);
    }

    #[test]
    fn the_ending_of_a_file_means_a_format() {
        let endings = ["plan.json", "a.b/plan.sql", "plan.md", "plan.txt", "plan", "-"].map(ending);
        let plain = Format::Human;
        assert_eq!(endings, [Format::Json, Format::Sql, Format::Markdown, plain, plain, plain]);
    }

    #[test]
    fn parts_follow_each_other_in_files_without_colours() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name).display().to_string();
        let (human, json) = (file("a"), format!("json:{}", file("b")));
        let outputs = Outputs::open(&[human, json], None, &[Format::Human, Format::Json]).unwrap();
        for _ in 0..2 {
            let render = |format| match format {
                Format::Json => "{}\n".to_owned(),
                _ => "\u{1b}[1mred\u{1b}[0m\n".to_owned(),
            };
            outputs.write(&render).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file("a")).unwrap(), "red\nred\n");
        assert_eq!(std::fs::read_to_string(file("b")).unwrap(), "{}\n{}\n");
    }

    #[test]
    fn a_format_that_the_command_does_not_write_is_refused_before_a_file_is_touched() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("plan.sql");
        let name = format!("sql:{}", file.display());
        let refused = Outputs::open(&[name], None, &[Format::Human, Format::Json]).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(!file.exists());
    }
}

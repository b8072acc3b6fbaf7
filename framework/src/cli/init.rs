//! `freehold init`: a first manifest that is small and real, and what editors need to complete the next one. Writes over nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use super::args::{self, Format};
use super::exit::Exit;
use super::failure::Failure;
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::source::DEFAULT;
use super::{End, code, schema};
use crate::manifest::Manifest;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// What Taplo, the TOML language server, is told. Editors that know `#:schema` need it only for included files.
const TAPLO: &str =
    "[[rule]]\ninclude = [\"manifests/**/*.toml\"]\nschema = { path = \"manifests/freehold.schema.json\" }\n";

/// The manifest, with the service's name and the prefix of its tables still to be filled in.
const STARTER: &str = include_str!("init/starter.toml");

#[derive(Debug, Serialize)]
struct Done {
    format_version: &'static str,
    written: Vec<String>,
    /// Files that were there already.
    kept: Vec<String>,
}

/// Writes the files.
pub(super) fn run(shell: &Shell, args: &args::Init) -> Result<Exit, End> {
    let folder = shell.manifest_paths().into_iter().next().unwrap_or_else(|| DEFAULT.into());
    let manifest = folder.join(format!("{}.toml", args.name));
    let text = starter(&args.name)?;
    let mut done = Done { format_version: FORMAT_VERSION, written: Vec::new(), kept: Vec::new() };
    fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
    if !written(&manifest, &text, &mut done)? {
        let what = format!("{} is there already", manifest.display());
        let failure = Failure::new(Exit::Refused, code::PRESENT, what);
        return Err(failure
            .help("name another service, or look at what is there with `freehold lint`")
            .into());
    }
    written(&folder.join("freehold.schema.json"), &schema::text(), &mut done)?;
    if folder == Path::new(DEFAULT) {
        written(Path::new(".taplo.toml"), TAPLO, &mut done)?;
    }
    shell.answer(|format| match format {
        Format::Json => line_of(&done),
        _ => human(&done, &folder, &args.name),
    })?;
    Ok(Exit::Done)
}

/// The manifest of a service.
fn starter(name: &str) -> Result<String, Failure> {
    let prefix = name.strip_suffix("-service").unwrap_or(name).replace('-', "_");
    let text = STARTER.replace("@NAME@", name).replace("@PREFIX@", &prefix);
    match Manifest::parse(&format!("{name}.toml"), &text) {
        Ok(_) => Ok(text),
        Err(problems) => {
            let what = format!("`{name}` is not a service's name");
            let failure = Failure::new(Exit::Usage, code::SOURCE, what);
            let help = problems.list.first().and_then(|problem| problem.help.first().cloned());
            Err(failure.help(
                help.unwrap_or_else(|| "lower-case letters, digits and hyphens, a letter first".to_owned()),
            ))
        }
    }
}

/// Writes a file unless it is there.
fn written(path: &Path, text: &str, done: &mut Done) -> Result<bool, Failure> {
    let name = path.display().to_string();
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|error| unwritable(path, &error))?;
            done.written.push(name);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            done.kept.push(name);
            Ok(false)
        }
        Err(error) => Err(unwritable(path, &error)),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Failed, code::OUTPUT, format!("{} cannot be written", path.display()));
    failure.cause(error.to_string())
}

fn human(done: &Done, folder: &Path, name: &str) -> String {
    let mut out = String::new();
    for (files, verb) in [(&done.written, "wrote"), (&done.kept, "kept ")] {
        for file in files {
            out.push_str(&format!("{verb} {file}\n"));
        }
    }
    let folder = folder.display();
    out.push_str(&format!(
        "\nNext:\n  freehold lint                      check it; no database needed\n  \
         freehold plan                      what would be made: DATABASE_URL says where\n  \
         freehold fmt                       write {folder}/freehold.lock, and commit it\n\n\
         In the service, with freehold among the build dependencies too:\n  \
         build.rs    freehold::build::manifests(\"{folder}\");\n  \
         main.rs     let slice = Freehold::new(freehold::manifest!(\"{name}\")).from_env()?.start();\n"
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::super::lint::{self, lint};
    use super::*;

    #[test]
    fn the_first_manifest_has_nothing_to_report() {
        for name in ["shop-service", "a", "supplier-onboarding-service", "web2"] {
            let files = [(format!("{name}.toml"), starter(name).ok().unwrap())];
            let (said, _) = lint(&files, lint::Format::Human { colour: false });
            assert_eq!(said, "1 manifest: nothing to report\n");
        }
        let failure = starter("Shop_Service").err().unwrap().human();
        assert!(failure.contains("write `shop-service`"), "{failure}");
    }
}

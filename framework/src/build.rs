//! For build scripts: manifests checked and packed when a program is built, so that one with mistakes never ships.
//!
//! In `build.rs`, with freehold among the build dependencies: `freehold::build::manifests("../manifests")`. In the program:
//! `freehold::manifest!("order-service")`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use crate::cli::lint::{Format, lint};
use crate::disk::{Disk, without_parts};
use crate::manifest::{Bundle, Manifest, Severity, Sources};

/// Checks all manifests of a folder, each for itself and all together, and packs each with the files that it names for
/// [`manifest!`](crate::manifest!). Ends the build when something is wrong, with what is wrong.
pub fn manifests(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let Err(trouble) = pack(folder, env::var_os("OUT_DIR").map(PathBuf::from)) else { return };
    let mut out = io::stdout().lock();
    for error in &trouble.errors {
        // The build is ended by the exit code below; a closed stdout changes nothing.
        let _ = writeln!(out, "cargo::error={error}");
    }
    let _ = write!(io::stderr(), "{}", trouble.drawn);
    process::exit(1)
}

/// Why a build ends: a line each for cargo, and drawn with the source.
#[derive(Debug, Default)]
struct Trouble {
    errors: Vec<String>,
    drawn: String,
}

impl Trouble {
    fn new(error: impl Into<String>) -> Self {
        Self { errors: vec![error.into()], drawn: String::new() }
    }
}

/// What cargo is told goes to stdout.
fn pack(folder: &Path, target: Option<PathBuf>) -> Result<(), Trouble> {
    let target = target.ok_or_else(|| Trouble::new("OUT_DIR is not set: call this from a build script"))?;
    let target = target.join("freehold");
    let failed = |what: &str, path: &Path, error: io::Error| {
        Trouble::new(format!("failed to {what} {}: {error}", path.display()))
    };
    fs::create_dir_all(&target).map_err(|error| failed("make", &target, error))?;
    let mut changed = vec![folder.display().to_string()];
    let files = files(folder).map_err(|error| failed("read the manifests in", folder, error))?;
    let packed = check(&files)?;
    for (service, sources) in packed {
        let path = target.join(format!("{service}.json"));
        fs::write(&path, bundle(&sources)).map_err(|error| failed("write", &path, error))?;
        changed.extend(sources.files().map(|file| file.path.to_owned()));
    }
    let mut out = io::stdout().lock();
    for path in changed {
        // Cargo that is not there to listen needs nothing.
        let _ = writeln!(out, "cargo::rerun-if-changed={path}");
    }
    Ok(())
}

/// The manifests of a folder as path and text, by name.
fn files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && path.is_file());
    paths.sort();
    let named = |path: PathBuf| Ok((path.display().to_string(), fs::read_to_string(path)?));
    Ok(without_parts(paths.into_iter().map(named).collect::<io::Result<_>>()?))
}

/// The services with the files of their manifests.
fn check(files: &[(String, String)]) -> Result<Vec<(String, Sources)>, Trouble> {
    let (drawn, worst) = lint(files, Format::Human { colour: false });
    let mut services = Vec::new();
    let mut errors = Vec::new();
    for (file, text) in files {
        match Manifest::parse_with(file, text, &Disk) {
            Ok(parsed) => services.push((parsed.manifest.service.name, parsed.manifest.sources)),
            Err(problems) => errors.extend(problems.errors()),
        }
    }
    if worst != Some(Severity::Error) {
        return Ok(services);
    }
    if errors.is_empty() {
        errors.push("the manifests do not fit together".to_owned());
    }
    Err(Trouble { errors, drawn })
}

/// The files of a manifest as one text. They are called what they are called from the folder above that of the manifests: a build
/// script stands in a package, and whoever reads a message of the program stands nowhere near it.
fn bundle(sources: &Sources) -> String {
    let root = sources.files().next().map_or("", |file| file.path);
    let above = Path::new(root).parent().and_then(Path::parent).map(|above| above.display().to_string());
    let above = above.filter(|above| !above.is_empty()).map(|above| above + "/").unwrap_or_default();
    let all = sources
        .files()
        .all(|file| file.path.starts_with(&above) && !file.path[above.len()..].starts_with("../"));
    let cut = if all { above.len() } else { 0 };
    Bundle::pack(sources.files().map(|file| (&file.path[cut..], file.text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "manifest = 1\n[service]\nname = \"a-service\"\nversion = \"1.0.0\"\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn manifests_are_packed_with_the_files_they_name() {
        let text = HEAD.replacen('\n', "\ninclude = [\"a/*.toml\"]\n", 1);
        let table = "[tables.t.columns]\nid = \"int primary key\"\n";
        let folder = folder(&[
            ("manifests/a-service.toml", &text),
            ("manifests/a/t.toml", table),
            ("manifests/x.md", ""),
        ]);
        pack(&folder.path().join("manifests"), Some(folder.path().to_owned())).unwrap();
        let packed = fs::read_to_string(folder.path().join("freehold/a-service.json")).unwrap();
        let manifest = Manifest::bundled(&packed);
        let places: Vec<&str> = manifest.places.values().map(|place| place.file.as_str()).collect();
        assert_eq!(manifest.file, "manifests/a-service.toml");
        assert_eq!(places, ["manifests/a/t.toml"; 3]);
    }

    #[test]
    fn mistakes_end_the_build_with_their_places() {
        let wrong = format!("{HEAD}[tables.t.columns]\nid = \"itn\"\n");
        let folder = folder(&[("a.toml", &wrong)]);
        let trouble = pack(folder.path(), Some(folder.path().to_owned())).unwrap_err();
        let place = format!("{}/a.toml:6:7", folder.path().display());
        assert_eq!(
            trouble.errors,
            [format!("{place}: error[FH140]: unknown type `itn`; did you mean `int`?")]
        );
        assert!(trouble.drawn.contains("^^^ neither a type of PostgreSQL"), "{}", trouble.drawn);
        assert!(!folder.path().join("freehold/a-service.json").exists());
        let missing = pack(&folder.path().join("none"), Some(folder.path().to_owned())).unwrap_err();
        assert!(missing.errors[0].starts_with("failed to read the manifests in "), "{:?}", missing.errors);
    }

    #[test]
    fn manifests_that_do_not_fit_together_end_the_build() {
        let table = "[tables.t.columns]\nid = \"int primary key\"\n";
        let other = HEAD.replace("a-service", "b-service");
        let folder = folder(&[("a.toml", &format!("{HEAD}{table}")), ("b.toml", &format!("{other}{table}"))]);
        let trouble = pack(folder.path(), Some(folder.path().to_owned())).unwrap_err();
        assert_eq!(trouble.errors, ["the manifests do not fit together"]);
        assert!(
            trouble.drawn.contains("error[FH170]: a-service declares the table `t` too"),
            "{}",
            trouble.drawn
        );
    }
}

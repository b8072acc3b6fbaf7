//! The manifest that the environment names, in place of the one that a service carries.

use std::path::PathBuf;

use crate::config::{Config, ConfigErrors};
use crate::disk::ReadError;
use crate::manifest::Manifest;

/// Why a service cannot begin to start. Fit for a sentence that begins with "failed to".
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The manifest that `FREEHOLD_MANIFEST` names cannot be read, or has mistakes.
    #[error("{0}{between}see FREEHOLD_MANIFEST, or unset it to use the manifest that this service carries", between = between(.0))]
    Manifest(#[from] ReadError),
    /// It is another service's.
    #[error(
        "use {}, which is the manifest of {theirs}: this is {ours}; see FREEHOLD_MANIFEST, or unset it to use the manifest that this service carries",
        path.display()
    )]
    Stranger {
        /// The file.
        path: PathBuf,
        /// Who starts.
        ours: String,
        /// Whose it is.
        theirs: String,
    },
    /// Several are named, and a service has one.
    #[error(
        "choose one manifest of {0}: a service has one; name a file, or a folder with `<service>.toml` in it"
    )]
    Several(usize),
}

/// Mistakes are lines of their own, and so is what to do about them.
fn between(error: &ReadError) -> &'static str {
    match error {
        ReadError::File { .. } => "; ",
        ReadError::Problems(_) => "\nhelp: ",
    }
}

/// The manifest that `FREEHOLD_MANIFEST` names: a file, or a folder with `<service>.toml` in it; the carried one when it names none.
///
/// # Errors
/// When it cannot be read, has mistakes, or is another service's.
pub fn named_manifest(carried: Manifest, config: &Config) -> Result<Manifest, StartError> {
    let named = match config.manifests.as_slice() {
        [] => return Ok(carried),
        [named] => named,
        several => return Err(StartError::Several(several.len())),
    };
    let ours = carried.service.name;
    let path = if named.is_dir() { named.join(format!("{ours}.toml")) } else { named.clone() };
    let parsed = Manifest::read(&path)?;
    let theirs = &parsed.manifest.service.name;
    if *theirs != ours {
        return Err(StartError::Stranger { path, ours, theirs: theirs.clone() });
    }
    Ok(parsed.manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    fn text(service: &str, version: &str) -> String {
        format!("manifest = 1\n[service]\nname = \"{service}\"\nversion = \"{version}\"\n")
    }

    fn named(path: Option<&std::path::Path>) -> Result<String, String> {
        let lookup = |name: &str| match name {
            "DATABASE_URL" => Some("sqlite://./x.db".to_owned()),
            "FREEHOLD_MANIFEST" => path.map(|path| path.display().to_string()),
            _ => None,
        };
        let config = Config::load(&lookup, &Flags::default()).unwrap();
        let carried = Manifest::parse("a.toml", &text("a-service", "1.0.0")).unwrap().manifest;
        let chosen = named_manifest(carried, &config).map_err(|error| error.to_string())?;
        Ok(chosen.service.version.to_string())
    }

    #[test]
    fn the_manifest_that_is_named_is_used_and_only_the_services_own() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a-service.toml", &text("a-service", "2.0.0"));
        write("other.toml", &text("b-service", "1.0.0"));
        write("broken.toml", "manifest = 1\n[service]\nnom = \"a-service\"\n");
        assert_eq!(named(None), Ok("1.0.0".to_owned()));
        assert_eq!(named(Some(folder.path())), Ok("2.0.0".to_owned()));
        assert_eq!(named(Some(&folder.path().join("a-service.toml"))), Ok("2.0.0".to_owned()));
        for (name, wanted) in [
            ("other.toml", "which is the manifest of b-service: this is a-service"),
            ("none.toml", "read "),
            ("broken.toml", "`[service]` has no key `nom`"),
        ] {
            let said = named(Some(&folder.path().join(name))).unwrap_err();
            assert!(said.contains(wanted) && said.contains("FREEHOLD_MANIFEST"), "{said}");
        }
    }
}

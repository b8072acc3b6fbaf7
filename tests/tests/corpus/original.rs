//! A database of the corpus, made by psql from its author's own script.

use crate::Outcome;
use freehold_tests::binaries;
use freehold_tests::corpus;
use freehold_tests::database::Database;
use serde_json::Value;
use std::fs;
use std::io::{Write as _, stderr};
use std::path::PathBuf;
use std::process::Command;

/// A schema of the corpus.
pub(crate) struct Original {
    pub(crate) name: String,
    script: PathBuf,
    roles: Vec<String>,
    extensions: Vec<String>,
}

/// All of them, by name; says SKIPPED when there are none.
pub(crate) fn all(test: &str) -> Outcome<Vec<Original>> {
    let folder = corpus::path().map(|path| path.join("schemas")).filter(|path| path.is_dir());
    let Some(folder) = folder else {
        let _ = writeln!(stderr(), "SKIPPED: {test} needs the corpus (set FREEHOLD_CORPUS)");
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let meta: Value = serde_json::from_str(&fs::read_to_string(path.join("meta.json"))?)?;
        let list = |key: &str| -> Vec<String> {
            let values = meta.get(key).and_then(Value::as_array).into_iter().flatten();
            values.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.push(Original {
            name,
            script: path.join("schema.sql"),
            roles: list("roles"),
            extensions: list("extensions"),
        });
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

impl Original {
    /// Makes it, or says why it cannot be made on this server.
    pub(crate) async fn load(&self) -> Outcome<Result<Database, String>> {
        let database = Database::create(&format!("corpus_{}", self.name)).await;
        for extension in &self.extensions {
            let known =
                format!("select count(*)::text from pg_available_extensions where name = '{extension}'");
            if database.fetch_one_text(&known).await? == "0" {
                return Ok(Err(format!("this server has no extension {extension}")));
            }
        }
        for role in &self.roles {
            // Several databases may want the same role, and it may be there from an earlier one.
            let _ = database.execute(&format!("create role \"{role}\"")).await;
        }
        let mut psql = Command::new(binaries::client("psql").map_err(|failure| failure.to_string())?);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&self.script);
        let output = database.address().hand_to(&mut psql).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(Ok(database))
    }
}

//! A schema as text, by pg_dump: the judge between two databases that is not of our making.
//!
//! What differs from run to run, or follows the order in which things were said rather than what holds, is taken
//! out: the random key of `\restrict`, and the order of a table's grants.
//! <https://www.postgresql.org/docs/current/app-pgdump.html>

use crate::address::Address;
use crate::binaries;
use crate::failure::Failure;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The schema of the database, without owners and without the schema `freehold`.
pub fn schema(address: &Address) -> Result<String, Failure> {
    let program = binaries::client("pg_dump")?;
    let mut command = Command::new(&program);
    command.args(["--schema-only", "--no-owner", "--exclude-schema=freehold"]);
    if takes_restrict_key(&program) {
        command.arg("--restrict-key=x");
    }
    let failed = |why: &str| {
        let hint =
            "an older pg_dump refuses a newer server: install the client programs of the server's version";
        Failure::new(format!("run pg_dump on {address:?}: {}", why.trim()), hint)
    };
    let output = address.hand_to(&mut command).output().map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(settled(&String::from_utf8_lossy(&output.stdout)))
}

/// Since the security releases of August 2025 a dump begins with `\restrict` and a random key; soon after, pg_dump
/// could be given the key.
fn takes_restrict_key(program: &Path) -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let help = Command::new(program).arg("--help").output();
        help.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("--restrict-key"))
    })
}

fn settled(dump: &str) -> String {
    let keyed = |line: &str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    let mut lines: Vec<&str> = dump.lines().filter(|line| !keyed(line)).collect();
    for grants in lines.chunk_by_mut(|one, next| one.starts_with("GRANT ") && next.starts_with("GRANT ")) {
        grants.sort_unstable();
    }
    lines.push("");
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_the_order_of_grants_are_taken_out_and_nothing_else() {
        let dump = "\\restrict 4711\nCREATE TABLE b ();\nCREATE TABLE a ();\n\
                    GRANT UPDATE ON TABLE a TO y;\nGRANT SELECT ON TABLE a TO x;\n\n\
                    GRANT SELECT ON TABLE b TO x;\n\\unrestrict 4711\n";
        let expected = "CREATE TABLE b ();\nCREATE TABLE a ();\n\
                        GRANT SELECT ON TABLE a TO x;\nGRANT UPDATE ON TABLE a TO y;\n\n\
                        GRANT SELECT ON TABLE b TO x;\n";
        assert_eq!(settled(dump), expected);
    }
}

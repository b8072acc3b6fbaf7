//! user-service: accounts, profiles, sessions, papers and shifts.

use std::process::ExitCode;

fn main() -> ExitCode {
    oxygen_services::main(&oxygen_services::USER)
}

//! inventory-service: stock, cylinders and their life, quality checks and maintenance.

use std::process::ExitCode;

fn main() -> ExitCode {
    oxygen_services::main(&oxygen_services::INVENTORY)
}

//! order-service: orders, their lines, offers and deliveries.

use std::process::ExitCode;

fn main() -> ExitCode {
    oxygen_services::main(&oxygen_services::ORDER)
}

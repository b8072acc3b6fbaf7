//! payment-service: payments, their parts, refunds and what Paystack tells.

use std::process::ExitCode;

fn main() -> ExitCode {
    oxygen_services::main(&oxygen_services::PAYMENT)
}

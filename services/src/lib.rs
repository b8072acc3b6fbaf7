//! The services of a medical-oxygen platform: what all of them share.
//!
//! A service is a manifest and a `main` of one line. Whatever happens to the database, its order is: read the configuration, **bind the port**,
//! start bringing up the slice in the background, serve. `/livez` answers from then on, `/readyz` once the slice is verified.
//!
//! A wrong configuration or manifest ends the process at once, with the name of the variable or the line of the file: those do not
//! pass by themselves.
#![forbid(unsafe_code)]

use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use axum::Router;
use freehold::by_hand::ByHand;
use freehold::{Handle, Manifest};

mod answer;
mod ending;
mod inventory;
mod listen;
mod log;
mod moment;
mod money;
mod order;
mod payment;
mod pretty;
mod probe;
mod refusal;
mod request;
mod serve;
mod user;

pub use ending::Trouble;
pub use serve::{Running, manifest};

/// A service: its name, its bundled manifest, its endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// As its manifest says it.
    pub name: &'static str,
    /// Its manifest, bundled when this was built.
    pub manifest: fn() -> Manifest,
    /// The steps that its team wrote by hand.
    pub by_hand: fn() -> ByHand,
    /// What it answers to besides its health, over its slice.
    pub routes: fn(Handle) -> Router,
}

/// Accounts, and the people behind them.
pub const USER: Service = Service {
    name: "user-service",
    manifest: || freehold::manifest!("user-service"),
    by_hand: ByHand::default,
    routes: user::routes,
};

/// Orders, and how they came to their status.
pub const ORDER: Service = Service {
    name: "order-service",
    manifest: || freehold::manifest!("order-service"),
    by_hand: ByHand::of::<freehold_migrations::order::Order>,
    routes: order::routes,
};

/// Cylinders, who has them, and what is in stock.
pub const INVENTORY: Service = Service {
    name: "inventory-service",
    manifest: || freehold::manifest!("inventory-service"),
    by_hand: ByHand::default,
    routes: inventory::routes,
};

/// Payments, refunds, and what Paystack tells.
pub const PAYMENT: Service = Service {
    name: "payment-service",
    manifest: || freehold::manifest!("payment-service"),
    by_hand: ByHand::default,
    routes: payment::routes,
};

/// The whole of a service's `main`: serves, or asks the service that runs beside it how it is.
pub fn main(service: &Service) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments.as_slice() {
        [] => serve::run(service),
        ["healthcheck"] => probe::ask("/livez"),
        ["healthcheck", "--ready"] => probe::ask("/readyz"),
        ["--help" | "-h" | "help"] => {
            let _ = writeln!(stdout(), "{}", usage(service.name));
            Ok(())
        }
        other => Err(Trouble::Usage(format!("{}\n{}", other.join(" "), usage(service.name)))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            let _ = writeln!(stderr(), "{}: failed to {trouble}", service.name);
            ExitCode::from(trouble.exit_code())
        }
    }
}

fn usage(name: &str) -> String {
    format!(
        "usage:\n  {name}                        serve; all settings come from the environment\n  \
         {name} healthcheck            exit 0 if the service on this machine lives\n  \
         {name} healthcheck --ready    exit 0 if it wants traffic"
    )
}

/// The process environment, as text.
fn environment(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

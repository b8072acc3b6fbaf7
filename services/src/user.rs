//! user-service: accounts, and the people behind them.

mod entity;
mod password;
mod routes;
mod rules;

pub(crate) use routes::routes;
pub(crate) use rules::RULES;

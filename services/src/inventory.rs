//! inventory-service: every cylinder and who has it, and what is in stock.

mod assign;
mod entity;
mod life;
mod routes;
mod rules;
mod stock;

pub(crate) use routes::routes;
pub(crate) use rules::RULES;

//! order-service: what hospitals ask for, and how it comes to them.

mod entity;
mod place;
mod routes;
mod rules;
mod status;

pub(crate) use routes::routes;
pub(crate) use rules::RULES;

//! payment-service: payments for orders, what goes back, and what Paystack tells.

mod entity;
mod refund;
mod routes;
mod rules;
mod signature;
mod webhook;

pub(crate) use routes::routes;
pub(crate) use rules::RULES;

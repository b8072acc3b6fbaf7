//! What Freehold's tests, benchmarks and demo stand on: real servers, fresh databases, a wire to cut and
//! processes to kill.
//!
//! Nothing here knows the product. A test brings a [`cluster::Cluster`] (or takes a [`database::Database`] on the
//! shared one), runs the product's own binaries with [`process`], and judges them by what the server says: its
//! catalog, its [`log`], the messages that passed the [`proxy`].

pub mod address;
pub mod binaries;
pub mod cluster;
pub mod command;
pub mod corpus;
pub mod database;
pub mod difference;
pub mod dump;
pub mod failure;
pub mod http;
pub mod log;
pub mod process;
pub mod product;
pub mod proxy;
pub mod server;
pub mod service;
pub mod settings;
pub mod slice;
pub mod versions;
pub mod wait;

mod account;
mod install;
mod persistent;
mod port;
mod supervisor;
mod wire;

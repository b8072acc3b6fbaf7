//! What a start does to a real server: one module for each idea, each test named after the case that it answers.
//!
//! The judges are the server's own: its log, its catalog, pg_dump, the messages that pass a proxy.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup is a failed test")]
#![expect(clippy::disallowed_methods, reason = "the SQL is the tests' own text, sent by the driver itself")]

mod additive;
mod around;
mod attic_room;
mod backfill;
mod beside;
mod both_ways;
mod builds;
mod by_hand;
mod changes;
mod columns;
mod corpus_expressions;
mod drift;
mod drops;
mod duplicates;
mod enums;
mod enums_anew;
mod enums_shared;
mod extensions;
mod forbidden;
mod frozen;
mod functions;
mod gate;
mod golden;
mod grants;
mod handover;
mod hot;
mod kinds;
mod laws;
mod ledger;
mod lint;
mod names;
mod numbering;
mod owners;
mod partitions;
mod pruned;
mod queues;
mod readers;
mod refused;
mod renames;
mod replicas;
mod schemas;
mod secrets;
mod seeds;
mod seeds_order;
mod seeds_values;
mod service;
mod session_settings;
mod stay;
mod stopped;
mod tightening;
mod triggers;
mod two_names;
mod types;
mod versions;
mod warm;

/// What a test gives back, so that a failed question ends it with the server's words.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

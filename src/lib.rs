//! Tongguan (通关, "to clear customs"): a single-window gateway for trade declarations.
//!
//! ```text
//!  trader                                                                authority
//!    │ ▲                                                                    ▲
//!    ▼ │                                                                    ▼
//!  ingest ──inbox──▶ validate ──intake──▶ record ──────────▶ deliver ── adapter
//!  tokio             threads              one thread         tokio
//!    ▲                  │                  │    ▲               │
//!    └──── findings ────┘                  │    └── answers ◀───┘
//!    └──── receipt ────────────────────────┤
//!                                          ▼
//!                                       project ──▶ view (sled) ──▶ status queries
//! ```
//!
//! The rooms, from the ground up. A room names only the rooms above it in this list;
//! `tests/tidy.rs` keeps it so.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

/// Trade messages as they might come, with mistakes on request; it knows nothing of the gateway.
pub mod generator;
/// A fault is ours or a neighbour's: whose it is, whether to try again, and why.
pub mod fault;
/// A disk: what is asked of one, this machine's, and files that are whole or absent.
pub mod disk;
/// A finding is the trader's mistake: what, where, what was expected, how to mend it.
pub mod finding;
/// Bytes to events: charset, limits, positions. The only room that names encoding_rs.
pub mod xml;
/// Any XSD: load, compile to tables, walk a document along them.
pub mod schema;
/// The nouns: ids, submissions, declarations, events, status and its table of moves.
pub mod declaration;
/// One small function per event worth counting or logging.
pub mod telemetry;
/// A message family is a folder: catalogue, fields, rules, code lists, message texts.
pub mod family;
/// Which authority a declaration concerns: a table.
pub mod routing;
/// The clock, for the edges.
pub mod clock;
/// The truth: entries in groups in segments, a Merkle tree over them, checkpoints, receipts.
pub mod journal;
/// The status view: rows in sled, which is named only here, and the names that lead to them.
pub mod view;
/// One HTTP client for everything that calls out.
pub mod http;
/// One folder per way of speaking to an authority; retry beside them.
pub mod authority;
/// The path of a declaration: queues and threads. The only room whose threads stay.
pub mod pipeline;
/// HTTPS: TLS, who calls, routes, bodies, and the one table from outcome to response.
pub mod ingest;
/// A customs authority to develop and test against.
pub mod simulator;
/// File and environment to one configuration, every mistake named.
pub mod config;
/// Joins the rooms; the only file that names concrete implementations.
pub mod gateway;
/// The commands of the command line.
pub mod command;

//! `cargo hotpatch`: save a file, and the running Rust program changes.
//!
//! Data flows one way: watch → plan → compile → diff → judge → link → send → report. A file is a phase. Only
//! [`session`] knows them all. The engine emits [`event`]s; the terminal, JSON lines and waiting editors listen.

pub mod codes;
pub mod event;

pub mod cli;
pub mod options;

pub mod capture;
pub mod table;

pub mod client;
pub mod compile;
pub mod diff;
pub mod judge;
pub mod link;
pub mod plan;
pub mod process;
pub mod report;
pub mod session;
pub mod shadow;
pub mod source;
pub mod watch;

pub mod object;

pub mod bench;
pub mod check;
pub mod demo;
pub mod explain;
pub mod guard;
pub mod limits;
pub mod save;
pub mod stub_object;

mod roles;

pub use roles::run;

//! The root of the object that is put into programs.
//!
//! `cargo-hotpatch`'s build script compiles this file by itself, to one relocatable object that needs nothing but the C
//! library: see there for what is checked. It is not a part of the crate that cargo builds from `lib.rs`.
#![no_std]
#![allow(
    dead_code,
    reason = "the tool's half of `protocol` is of no use here and leaves no trace in the object"
)]

mod agent;
mod arena;
mod phdr;
mod protocol;
mod sys;
mod table;

// Nothing of this object can be meant by, or clash with, a symbol of a shared library.
core::arch::global_asm!(
    ".hidden hotpatch_stub_start",
    ".hidden __wrap_dl_iterate_phdr"
);

/// The link names it with `-u`, so that the object stays; the program's start calls it.
#[unsafe(no_mangle)]
extern "C" fn hotpatch_stub_start() {
    agent::start();
}

/// Before the initialisers of the program itself, which may start threads.
#[used]
#[unsafe(link_section = ".init_array.00050")]
static START: extern "C" fn() = hotpatch_stub_start;

//! Bodies, constants, new and removed functions.

use super::*;

#[test]
fn nothing() {
    let verdict = patches("pub struct A { pub a: u32 } pub fn f(a: &A) -> u32 { a.a }");
    assert!(
        verdict.renew.is_empty() && verdict.carry.is_empty() && verdict.notes.is_empty(),
        "{verdict:#?}"
    );
}

#[test]
fn bodies_constants_and_strings() {
    patches("pub fn f() -> u32 { @1=>>2@ } pub fn g() -> u32 { f() }");
    patches("const N: u32 = @1=>>2@; pub fn f() -> u32 { N } pub fn g() -> u32 { f() }");
    patches("pub fn f() { println!(\"@one=>>two@\"); } pub fn g() { f() }");
    patches(
        "macro_rules! m { () => { @1=>>2@ } } pub fn f() -> u32 { m!() } pub fn g() -> u32 { f() }",
    );
}

#[test]
fn added_and_removed() {
    patches("pub fn f() -> u32 { @1=>>h()@ } pub fn g() -> u32 { f() } @=>>fn h() -> u32 { 2 }@");
    patches("pub fn f() -> u32 { @h()=>>1@ } pub fn g() -> u32 { f() } @fn h() -> u32 { 2 }=>>@");
    patches(
        "pub fn f() -> u32 { @1=>>h(2_u32)@ } pub fn g() -> u32 { f() } @=>>fn h<T>(t: T) -> T { t }@",
    );
}

#[test]
fn generics_by_instance() {
    patches(
        "pub fn h<T: Copy>(t: T) -> (T, u32) { (t, @1=>>2@) } pub fn f() -> u32 { h(1_u8).1 + h(2_u16).1 }",
    );
}

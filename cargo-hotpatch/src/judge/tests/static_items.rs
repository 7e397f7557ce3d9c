//! Statics, thread-locals, registries.

use super::*;

#[test]
fn types() {
    restarts(
        &codes::STATIC_TYPE,
        "use std::sync::atomic::*; pub static N: Atomic@U32=>>U64@ = Atomic@U32=>>U64@::new(1); pub fn f() { N.fetch_add(1, Ordering::SeqCst); }",
    );
    restarts(
        &codes::STATIC_TYPE,
        "pub static mut N: @u32=>>i32@ = 1; pub fn f() { unsafe { N += 1; } }",
    );
    let verdict = restarts(
        &codes::TYPE_LAYOUT,
        "use std::sync::Mutex; pub struct A { a: @u8=>>u64@ } pub static N: Mutex<Vec<A>> = Mutex::new(Vec::new()); pub fn f() -> usize { N.lock().unwrap().len() }",
    );
    assert!(codes_of(&verdict).contains(&codes::STATIC_TYPE.id));
    patches(
        "use std::sync::atomic::*; pub static N: AtomicU32 = AtomicU32::new(1); pub fn f() { N.fetch_add(@1=>>2@, Ordering::SeqCst); } pub fn g() { f() }",
    );
}

#[test]
fn thread_locals() {
    restarts(
        &codes::STATIC_TYPE,
        "use std::cell::Cell; thread_local! { pub static N: Cell<@u32=>>i32@> = const { Cell::new(1) }; } pub fn f() { N.set(2); }",
    );
    restarts(
        &codes::STATIC_TYPE,
        "use std::cell::Cell; thread_local! { pub static N: Cell<Vec<@u32=>>i32@>> = Cell::new(vec![]); } pub fn f() { N.set(vec![]); }",
    );
    let verdict = patches(
        "use std::cell::Cell; thread_local! { pub static N: Cell<u32> = const { Cell::new(@1=>>2@) }; } pub fn f() { N.set(@3=>>4@); } pub fn g() { f() }",
    );
    assert!(
        verdict
            .notes
            .iter()
            .any(|note| note.contains("`case::N` keeps its live value")),
        "{:?}",
        verdict.notes
    );
    let verdict = patches(
        "use std::cell::Cell; thread_local! { pub static N: Cell<u32> = Cell::new(h(@1=>>2@)); } fn h(x: u32) -> u32 { x } pub fn f() { N.set(3); }",
    );
    assert!(
        verdict
            .notes
            .iter()
            .any(|note| note.contains("`case::N` keeps its live value")),
        "{:?}",
        verdict.notes
    );
}

#[test]
fn memory() {
    restarts(
        &codes::STATIC_SECTION,
        "pub static @=>>mut@ N: u32 = 1; pub fn f() -> u32 { unsafe { N } }",
    );
    let verdict = restarts(
        &codes::TYPE_LAYOUT,
        "use std::cell::UnsafeCell; pub struct A(@u32=>>UnsafeCell<u32>@); unsafe impl Sync for A {} pub static N: A = A(@1=>>UnsafeCell::new(1)@); pub fn f() -> *const A { &N }",
    );
    assert!(codes_of(&verdict).contains(&codes::STATIC_SECTION.id));
}

#[test]
fn initial_values() {
    let verdict = patches("pub static mut N: u32 = @1=>>2@; pub fn f() -> u32 { unsafe { N } }");
    assert!(
        verdict.notes[0].contains("keeps its live value"),
        "{:?}",
        verdict.notes
    );
    let verdict = patches(
        "pub static N: u32 = @1=>>2@; pub fn f() -> u32 { N } pub fn g() -> &'static u32 { &N }",
    );
    assert!(
        verdict.notes[0].contains("has a new value"),
        "{:?}",
        verdict.notes
    );
    patches("pub static mut N: &str = \"@a=>>b@\"; pub fn f() -> &'static str { unsafe { N } }");
}

#[test]
fn added_and_removed() {
    patches(
        "use std::sync::atomic::*; @=>>static M: AtomicU8 = AtomicU8::new(0);@ pub fn f() { @=>>M.store(1, Ordering::SeqCst);@ } pub fn g() { f() }",
    );
    patches(
        "use std::sync::atomic::*; @static M: AtomicU8 = AtomicU8::new(0);=>>@ pub fn f() { @M.store(1, Ordering::SeqCst);=>>@ } pub fn g() { f() }",
    );
}

const LOG: &str = "use std::sync::atomic::*; macro_rules! log { ($e:expr) => { { static N: AtomicU32 = AtomicU32::new(0); N.fetch_add($e, Ordering::SeqCst); } } }";

#[test]
fn several_of_one_path() {
    patches(&format!(
        "{LOG} pub fn f() -> u32 {{ log!(1); log!(2); @1=>>2@ }} pub fn g() -> u32 {{ f() }}"
    ));
    patches(&format!(
        "{LOG} pub fn f() {{ log!(1); log!(@2=>>3@); }} pub fn g() {{ f() }}"
    ));
    restarts(
        &codes::STATIC_PAIRING,
        &format!("{LOG} pub fn f() {{ @=>>log!(5);@ log!(1); log!(2); }} pub fn g() {{ f() }}"),
    );
    restarts(
        &codes::STATIC_PAIRING,
        &format!("{LOG} pub fn f() {{ @=>>log!(5);@ log!(1); }} pub fn g() {{ f() }}"),
    );
    restarts(
        &codes::STATIC_PAIRING,
        &format!("{LOG} pub fn f() {{ @log!(5);=>>@ log!(1); }} pub fn g() {{ f() }}"),
    );
    restarts(
        &codes::STATIC_PAIRING,
        &format!("{LOG} pub fn f() {{ log!(@1=>>2@); log!(@2=>>1@); }} pub fn g() {{ f() }}"),
    );
}

#[test]
fn registries() {
    restarts(
        &codes::REGISTRY,
        "extern \"C\" fn a() {} extern \"C\" fn b() {} #[used] #[unsafe(link_section = \".init_array\")] pub static I: extern \"C\" fn() = @a=>>b@;",
    );
    restarts(
        &codes::REGISTRY,
        "@=>>#[used] #[unsafe(link_section = \"my_list\")] pub static I: u32 = 1;@ pub fn f() {}",
    );
    patches(
        "extern \"C\" fn a() { let x = @1=>>2@; } #[used] #[unsafe(link_section = \".init_array\")] pub static I: extern \"C\" fn() = a; pub fn g() { a() }",
    );
}

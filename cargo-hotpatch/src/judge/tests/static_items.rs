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
    // The new initial value is written over the old one, for threads to come (`diff::constants`).
    patches(
        "use std::cell::Cell; thread_local! { pub static N: Cell<u32> = const { Cell::new(@1=>>2@) }; } pub fn f() { N.set(@3=>>4@); } pub fn g() { f() }",
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
    // What is said of these depends on whether they keep their place, which is not the judge's business.
    let verdict = patches(
        "pub static N: u32 = @1=>>2@; pub fn f() -> u32 { N } pub fn g() -> &'static u32 { &N }",
    );
    assert!(verdict.notes.is_empty(), "{:?}", verdict.notes);
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
fn declared_alike_in_blocks() {
    let blocks = |one: &str, other: &str| {
        let block = |text: &str| {
            format!(
                "{{ static N: AtomicU32 = AtomicU32::new(0); N.fetch_add({text}, Ordering::SeqCst); }}"
            )
        };
        format!(
            "use std::sync::atomic::*; pub fn f() {{ {} {} }} pub fn g() {{ f() }}",
            block(one),
            block(other)
        )
    };
    restarts(&codes::STATIC_PAIRING, &blocks("@1=>>2@", "@2=>>1@"));
    restarts(
        &codes::STATIC_PAIRING,
        &blocks("@7 + 1=>>8 + 2@", "@8 + 2=>>7 + 3@"),
    );
    patches(&blocks("1", "@2=>>3@"));
    patches(&blocks("@1=>>3@", "@2=>>4@"));
}

/// The static of a log line that a macro of the workspace makes goes with the function that it stands in.
#[test]
fn in_a_function_that_is_renamed() {
    restarts(
        &codes::STATIC_PAIRING,
        &format!("{LOG} pub fn @f=>>h@() {{ log!(1); }} pub fn g() {{ @f=>>h@() }}"),
    );
}

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

#[test]
fn one_more_below_all_others() {
    patches(&format!(
        "{LOG} pub fn f() {{ log!(1); log!(2);@=>> log!(3);@ }} pub fn g() {{ f() }}"
    ));
    patches(&format!(
        "{LOG} pub fn f() {{ log!(1); log!(2);@ log!(3);=>>@ }} pub fn g() {{ f() }}"
    ));
    // The macro itself makes more of them.
    restarts(
        &codes::STATIC_PAIRING,
        "use std::sync::atomic::*; macro_rules! log { ($e:expr) => { { static N: AtomicU32 = AtomicU32::new(0); @=>>{ static N: AtomicU32 = AtomicU32::new(0); N.fetch_add(1, Ordering::SeqCst); }@ N.fetch_add($e, Ordering::SeqCst); } } }
         pub fn f() { log!(1); log!(2); @=>>log!(3);@ } pub fn g() { f() }",
    );
    // Inside of a closure the numbers are the closure's own.
    let restarted = codes_of(&check(
        &format!(
            "{LOG} pub fn f() {{ let c = || {{ log!(1); log!(2); }}; c(); log!(3); }} pub fn g() {{ f() }}"
        ),
        &format!(
            "{LOG} pub fn f() {{ let c = || {{ log!(5); log!(1); log!(2); }}; c(); log!(3); }} pub fn g() {{ f() }}"
        ),
    ));
    assert!(
        restarted.contains(&codes::STATIC_PAIRING.id),
        "{restarted:?}"
    );
    let restarted = codes_of(&check(
        &format!(
            "{LOG} pub fn f() {{ let c = || {{ log!(1); }}; c(); log!(3); }} pub fn g() {{ f() }}"
        ),
        &format!(
            "{LOG} pub fn f() {{ let c = || {{ log!(1); log!(3); }}; c(); log!(4); }} pub fn g() {{ f() }}"
        ),
    ));
    assert!(
        restarted.contains(&codes::STATIC_PAIRING.id),
        "{restarted:?}"
    );
}

#[test]
fn renamed_or_moved() {
    let uses = "pub fn g() { f() }";
    restarts(
        &codes::STATIC_PAIRING,
        &format!(
            "use std::sync::atomic::*; static @M=>>K@: AtomicU8 = AtomicU8::new(0); pub fn f() {{ @M=>>K@.store(1, Ordering::SeqCst); }} {uses}"
        ),
    );
    restarts(
        &codes::STATIC_PAIRING,
        &format!(
            "use std::sync::atomic::*; @=>>mod m {{ use super::*; pub@ static M: AtomicU8 = AtomicU8::new(0); @=>>}}@ pub fn f() {{ @=>>m::@M.store(1, Ordering::SeqCst); }} {uses}"
        ),
    );
    restarts(
        &codes::STATIC_PAIRING,
        &format!(
            "use std::cell::Cell; thread_local! {{ static @M=>>K@: Cell<u8> = const {{ Cell::new(0) }}; }} pub fn f() {{ @M=>>K@.set(1); }} {uses}"
        ),
    );
    // Another type; the old one is there still; a macro hides it.
    patches(&format!(
        "use std::sync::atomic::*; static @M: AtomicU8 = AtomicU8=>>K: AtomicU16 = AtomicU16@::new(0); pub fn f() {{ @M=>>K@.store(1, Ordering::SeqCst); }} {uses}"
    ));
    patches(&format!(
        "use std::sync::atomic::*; static M: AtomicU8 = AtomicU8::new(0); @=>>static K: AtomicU8 = AtomicU8::new(0);@ pub fn f() {{ @M=>>K@.store(1, Ordering::SeqCst); }} {uses}"
    ));
}

#[test]
fn a_thread_local_is_kept_in_another_way() {
    restarts(
        &codes::STATIC_TYPE,
        "use std::cell::Cell; pub struct A(Cell<u8>); @=>>impl Drop for A { fn drop(&mut self) {} }@ thread_local! { static M: A = A(Cell::new(std::process::id() as u8)); } pub fn f() -> u8 { M.with(|m| m.0.get()) } pub fn g() -> u8 { f() }",
    );
}

#[test]
fn a_static_is_followed_to_its_new_number() {
    let text = |kind: &str| {
        format!(
            "use std::sync::atomic::*; pub struct A; @=>>impl A {{ pub fn z() {{}} }}@ impl A {{ pub fn f() -> u32 {{ static N: Atomic{kind} = Atomic{kind}::new(1); N.fetch_add(1, Ordering::SeqCst) as u32 }} }} pub fn g() -> u32 {{ A::f() }}"
        )
    };
    patches(&text("U32"));
    restarts(&codes::STATIC_TYPE, &text("@U32=>>U64@"));
}

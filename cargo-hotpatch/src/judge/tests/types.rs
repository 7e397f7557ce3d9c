//! Layout and meaning of types.

use super::*;

const USE: &str = "pub fn f(a: &A) -> u32 { a.y as u32 } pub fn g(a: &A) -> u32 { f(a) }";

#[test]
fn a_field_grows() {
    let verdict = restarts(
        &codes::TYPE_LAYOUT,
        &format!("pub struct A {{ pub x: u8, pub y: @u32=>>u64@ }} {USE}"),
    );
    assert!(
        verdict.restart[0]
            .message
            .contains("field `y` was `u32`, now it is `u64`"),
        "{:?}",
        verdict.restart
    );
    assert_eq!(
        verdict.restart[0].span.as_ref().map(|span| span.line),
        Some(1)
    );
}

#[test]
fn a_field_is_added_or_removed() {
    let verdict = restarts(
        &codes::TYPE_LAYOUT,
        &format!("#[repr(C)] pub struct A {{ @=>>pub seed: u32,@ pub y: u32 }} {USE}"),
    );
    assert!(
        verdict.restart[0]
            .message
            .contains("field `y` moved from offset 0 to 4 (new field `seed: u32` before it)"),
        "{:?}",
        verdict.restart
    );
    let verdict = restarts(
        &codes::TYPE_LAYOUT,
        &format!("pub struct A {{ pub y: u32, @pub z: u8=>>@ }} {USE}"),
    );
    assert!(
        verdict.restart[0]
            .message
            .contains("field `z: u8` was removed"),
        "{:?}",
        verdict.restart
    );
    // Into padding: size and all other fields stay.
    restarts(
        &codes::TYPE_LAYOUT,
        &format!("pub struct A {{ pub y: u32, pub z: u8, @=>>pub w: u8@ }} {USE}"),
    );
    restarts(
        &codes::TYPE_LAYOUT,
        &format!("pub struct A {{ pub y: u32, @=>>pub w: ()@ }} {USE}"),
    );
}

#[test]
fn a_field_changes_its_type_and_not_its_size() {
    restarts(
        &codes::TYPE_LAYOUT,
        &format!("pub struct A {{ pub y: @u32=>>i32@ }} {USE}"),
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct B; pub struct C; pub struct A { pub y: Box<@B=>>C@> } pub fn f(a: &A, _: &B, _: &C) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A { pub y: fn(@u32=>>i32@) } pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A { pub y: &'static @[u8]=>>str@ } pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A { pub y: Box<dyn Fn(@u32=>>i32@)> } pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A { pub y: [@u32; 2=>>u16; 4@] } pub fn f(a: &A) {}",
    );
}

#[test]
fn fields_change_places() {
    restarts(
        &codes::TYPE_MEANING,
        &format!("pub struct A {{ @pub x: u32, pub y: u32=>>pub y: u32, pub x: u32@ }} {USE}"),
    );
    restarts(
        &codes::TYPE_MEANING,
        &format!("pub struct A {{ @pub x: u32, pub y=>>pub y: u32, pub z@: u32 }} {USE}"),
    );
    // Reordered in the text only: the compiler puts them where they were.
    patches(
        "pub struct A { @pub x: u8, pub y: u32=>>pub y: u32, pub x: u8@ } pub fn f(a: &A) -> u32 { a.y + @1=>>2@ } pub fn g(a: &A) -> u32 { f(a) }",
    );
}

#[test]
fn a_field_is_renamed_in_place() {
    patches(
        "pub struct A { pub @y=>>z@: u32 } pub fn f(a: &A) -> u32 { a.@y + 1=>>z + 2@ } pub fn g(a: &A) -> u32 { f(a) }",
    );
}

#[test]
fn several_renames_at_once_may_exchange_meanings() {
    let doubtful = [
        "pub struct A { @pub width: u32, pub height: u32=>>pub h: u32, pub w: u32@ } pub fn f(a: &A) -> u32 { a.@width=>>w@ }",
        "pub struct A@(pub u32, pub u32);=>> { pub y: u32, pub x: u32 }@ pub fn f(a: &A) -> u32 { a.@0=>>x@ }",
        "pub struct A @{ pub x: u32, pub y: u32 }=>>(pub u32, pub u32);@ pub fn f(a: &A) -> u32 { a.@x=>>1@ }",
        "pub union A { @pub low: u32, pub high: u32=>>pub upper: u32, pub under: u32@ } pub fn f(a: &A) -> u32 { unsafe { a.@low=>>under@ } }",
        "pub enum A { @On, Off=>>Disabled, Enabled@ } pub fn f(a: &A) -> u32 { match a { A::@On=>>Enabled@ => 1, _ => 2 } }",
        "pub enum A { V { @from: u32, to: u32=>>end: u32, begin: u32@ } } pub fn f(a: &A) -> u32 { match a { A::V { @from, ..=>>begin, ..@ } => *@from=>>begin@ } }",
        "pub struct A { pub first: u32, @pub width: u32, pub height: u32=>>pub h: u32, pub w: u32@ } pub fn f(a: &A) -> u32 { a.first }",
    ];
    for text in doubtful {
        restarts(&codes::TYPE_DOUBT, text);
    }
    // Variants that hold the same: one that is renamed is found by what it holds, and these are not.
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum A { @Up { by: u32, to: u32 }=>>Off { to_: u64, by: u64 }@, B(u8) } pub fn f(a: &A) -> u32 { 1 }",
    );
    restarts(
        &codes::TYPE_DOUBT,
        "pub enum A { @Up(u32), Down(u32)=>>Fall(u32), Rise(u32)@, B(u8) } pub fn f(a: &A) -> u32 { match a { A::@Up=>>Rise@(n) => *n, _ => 2 } }",
    );
}

#[test]
fn several_renames_that_types_or_names_tell_apart() {
    for text in [
        "pub struct A { @pub w: u32, pub h: u32=>>pub width: u32, pub height: u32@ } pub fn f(a: &A) -> u32 { a.@w=>>width@ }",
        "pub struct A { @pub count: u32, pub name: u64=>>pub number: u32, pub label: u64@ } pub fn f(a: &A) -> u32 { a.@count=>>number@ }",
        "pub enum A { @On, Off=>>SwitchOn, SwitchOff@ } pub fn f(a: &A) -> u32 { match a { A::@On=>>SwitchOn@ => 1, _ => 2 } }",
        "pub enum A { @Up(u32), Down(u8)=>>Rise(u32), Fall(u8)@ } pub fn f(a: &A) -> u32 { match a { A::@Up=>>Rise@(n) => *n, _ => 2 } }",
    ] {
        patches(&format!("{text} pub fn g(a: &A) -> u32 {{ f(a) }}"));
    }
}

#[test]
fn by_value_inside_of_another() {
    let verdict = restarts(
        &codes::TYPE_LAYOUT,
        "pub struct B { pub b: @u8=>>u64@ } pub struct A { pub x: u8, pub y: B } pub fn f(a: &A, o: &Option<B>) {}",
    );
    assert!(
        verdict.restart[0].message.contains("`case::B`"),
        "{:?}",
        verdict.restart
    );
    assert!(
        verdict
            .restart
            .iter()
            .any(|reason| reason.message.contains("`case::A`")),
        "{:?}",
        verdict.restart
    );
    assert!(
        !verdict
            .restart
            .iter()
            .any(|reason| reason.message.contains("layout of `core::")),
        "{:?}",
        verdict.restart
    );
}

#[test]
fn behind_a_pointer() {
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct B { pub b: @u8=>>u64@ } pub fn f(a: Box<B>) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct B { pub b: @u8=>>u64@ } pub fn f(a: &Vec<*const B>) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct B { pub b: @u8=>>u64@ } pub struct A { a: [(B, u8); 3] } pub fn f(a: &mut A) {}",
    );
}

#[test]
fn tuples_arrays_and_generics() {
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A(pub u32, pub @u8=>>u16@); pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A { a: [u8; @3=>>5@] } pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A<T> { a: T, b: @u8=>>u16@ } pub fn f(a: &A<u32>) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct A<const N: usize> { a: [u8; N], b: @u8=>>u16@ } pub fn f(a: &A<4>) {}",
    );
    // Another instance is another type.
    patches(
        "pub struct A<T> { pub a: T } pub fn f() -> u32 { (@A { a: 1_u8 }=>>A { a: 1_u16 }@).a as u32 } pub fn g() -> u32 { f() }",
    );
    patches("pub struct A<const N: usize>([u8; N]); pub fn h(a: &A<@3=>>4@>) {} ");
}

#[test]
fn enums() {
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A, B @=>>, C@ } pub fn f(e: E) -> u32 { e as u32 }",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A(u32), B @=>>, C@ } pub fn f(e: &E) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A(u32), B @, C=>>@ } pub fn f(e: &E) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A(@u8=>>u16@), B(u32) } pub fn f(e: &E) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A { x: u8, @=>>y: u8@ }, B(u32) } pub fn f(e: &E) {}",
    );
    restarts(
        &codes::TYPE_MEANING,
        "pub enum E { @A, B=>>B, A@ } pub fn f(e: E) -> u32 { e as u32 }",
    );
    restarts(
        &codes::TYPE_MEANING,
        "pub enum E { A = 1, B = @2=>>3@ } pub fn f(e: E) -> u32 { e as u32 }",
    );
    restarts(
        &codes::TYPE_MEANING,
        "pub enum E { @A(u32), B(u32)=>>B(u32), A(u32)@ } pub fn f(e: &E) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "#[repr(@u8=>>u16@)] pub enum E { A, B } pub fn f(e: E) -> u32 { e as u32 }",
    );
}

#[test]
fn niches() {
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A(@Box<u8>=>>u64@), B } pub fn f(e: &E) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub struct B(@bool=>>u8@); pub fn f(e: &Option<B>) {}",
    );
    patches(
        "pub enum E { A(Box<u8>), B } pub fn f(e: &E) -> u32 { match e { E::A(_) => 1, E::B => @2=>>3@ } } pub fn g(e: &E) -> u32 { f(e) }",
    );
}

#[test]
fn numbers_of_variants_that_only_the_program_keeps() {
    restarts(
        &codes::TYPE_MEANING,
        "pub enum E { @A(Box<u8>), B=>>B, A(Box<u8>)@ } pub fn f(e: &E) -> core::mem::Discriminant<E> { core::mem::discriminant(e) }",
    );
    // Nobody asks for one.
    patches(
        "pub enum E { @A(Box<u8>), B=>>B, A(Box<u8>)@ } pub fn f(e: &E) -> u32 { match e { E::A(_) => 1, E::B => @2=>>3@ } } pub fn g(e: &E) -> u32 { f(e) }",
    );
}

#[test]
fn variants_renamed_in_place() {
    patches(
        "pub enum E { A, @B=>>C@ } pub fn f(e: E) -> u32 { e as u32 + @1=>>2@ } pub fn g(e: E) -> u32 { f(e) }",
    );
    patches(
        "pub enum E { A(u32), @B=>>C@(u8) } pub fn f(e: &E) -> u32 { match e { E::A(x) => *x, _ => @1=>>2@ } } pub fn g(e: &E) -> u32 { f(e) }",
    );
    restarts(
        &codes::TYPE_MEANING,
        "pub enum E { @A, B=>>B, C@ } pub fn f(e: E) -> u32 { e as u32 }",
    );
}

#[test]
fn unions_and_representations() {
    restarts(
        &codes::TYPE_LAYOUT,
        "pub union U { a: u32, b: @f32=>>u16@ } pub fn f(u: &U) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "#[repr(C@=>>, align(16)@)] pub struct A { a: u32 } pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "#[repr(C@=>>, packed@)] pub struct A { a: u8, b: u32 } pub fn f(a: &A) {}",
    );
}

#[test]
fn alignment_and_underlying_type_alone() {
    restarts(
        &codes::TYPE_LAYOUT,
        "#[repr(C@=>>, align(16)@)] pub struct A { a: [u32; 4] } pub fn f(a: &A) {}",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "#[repr(@u8=>>i8@)] pub enum E { A, B } pub fn f(e: &E) -> u32 { 1 }",
    );
    restarts(
        &codes::TYPE_LAYOUT,
        "pub enum E { A(u32), @B(u8)=>>C(i8)@ } pub fn f(e: &E) {}",
    );
}

#[test]
fn instances_over_function_items_and_pointers_share_a_name() {
    restarts(
        &codes::TYPE_DOUBT,
        "pub struct W<F> { f: F @=>>, g: u8@ } fn c(x: u8) {} pub fn take<F>(w: W<F>) {} pub fn f() { take(W { f: c @=>>, g: 1@ }); take(W { f: c as fn(u8) @=>>, g: 1@ }); }",
    );
}

#[test]
fn only_on_one_side() {
    patches(
        "@=>>pub struct N { n: u64 }@ pub fn f() -> u64 { @1=>>N { n: 2 }.n@ } pub fn g() -> u64 { f() }",
    );
    patches(
        "@pub struct N { n: u64 }=>>@ pub fn f() -> u64 { @N { n: 2 }.n=>>1@ } pub fn g() -> u64 { f() }",
    );
}

#[test]
fn two_of_one_name() {
    let text = "pub fn f() -> u64 { { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a; } { struct L { b: @u32=>>u64@ } let l = std::hint::black_box(L { b: 1 }); l.b as u64 } } pub fn g() -> u64 { f() }";
    restarts(&codes::TYPE_DOUBT, text);
    patches(
        "pub fn f() -> u64 { { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a; } { struct L { b: u32 } let l = std::hint::black_box(L { b: @1=>>2@ }); l.b as u64 } } pub fn g() -> u64 { f() }",
    );
}

#[test]
fn a_type_that_debug_info_does_not_show() {
    restarts(
        &codes::TYPE_DOUBT,
        "struct H { a: u32, b: @u32=>>u64@ } pub unsafe fn f(p: *const u8) -> u32 { unsafe { (*(p as *const H)).b as u32 } } pub unsafe fn g(p: *const u8) -> u32 { unsafe { f(p) } }",
    );
    patches("struct H { a: @u32=>>u64@ } pub fn f() -> u32 { @1=>>2@ } pub fn g() -> u32 { f() }");
}

#[test]
fn what_went_away_and_comes_back_is_compared_with_what_it_was() {
    let with = |of: &str, value: &str| {
        format!(
            "pub struct K(pub {of}); pub static S: std::sync::Mutex<Option<K>> = std::sync::Mutex::new(None); \
             pub fn f() -> u64 {{ *S.lock().unwrap() = Some(K({value})); 1 }} pub fn g() -> u64 {{ f() }}"
        )
    };
    let first = with("u8", "1");
    let without = "pub fn f() -> u64 { 1 } pub fn g() -> u64 { f() }";
    let gone = judge_edit(&Edit::plain(&first, without));
    assert!(gone.restart.is_empty(), "{:?}", gone.restart);
    let other = with("[u64; 4]", "[1; 4]");
    let back = judge_later(&Edit::plain(without, &other), &gone.departed);
    assert_eq!(codes_of(&back).first(), Some(&codes::TYPE_LAYOUT.id));
    let back = judge_later(&Edit::plain(without, &first), &gone.departed);
    assert!(back.restart.is_empty(), "{:?}", back.restart);
    // A static of a type that is not the workspace's own.
    let with = |of: &str| {
        format!(
            "pub static S: std::sync::Mutex<{of}> = std::sync::Mutex::new(0); pub fn f() -> u64 {{ *S.lock().unwrap() as u64 }} pub fn g() -> u64 {{ f() }}"
        )
    };
    let gone = judge_edit(&Edit::plain(&with("u8"), without));
    assert!(gone.restart.is_empty(), "{:?}", gone.restart);
    let back = judge_later(&Edit::plain(without, &with("u64")), &gone.departed);
    assert_eq!(codes_of(&back).first(), Some(&codes::STATIC_TYPE.id));
}

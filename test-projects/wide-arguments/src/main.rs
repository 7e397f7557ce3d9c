//@ why: arguments in all kinds of registers and on the stack, and a result by pointer
//@ ask: 2 => 2 0.5 [2, 4, 6] 340282366920938463463374607431768211453 z
//@ edit src/main.rs: replace "wide: wide - 0" with "wide: wide - 1"
//@ edit+ src/main.rs: replace "single: single / 4.0" with "single: single / 8.0"
//@ expect: patched
//@ ask: 2 => 2 0.25 [2, 4, 6] 340282366920938463463374607431768211452 z

struct Out {
    first: u8,
    single: f32,
    array: [u64; 3],
    wide: u128,
    letter: char,
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let n: u8 = request.trim().parse().unwrap_or(0);
    let k = u64::from(n);
    let out = mix(
        n,
        f32::from(n),
        [k, 2 * k, 3 * k],
        u128::MAX - u128::from(n),
        1.5,
        -1,
        Some(&'z'),
        (1, 2, 3),
        true,
    );
    format!(
        "{} {} {:?} {} {}",
        out.first, out.single, out.array, out.wide, out.letter
    )
}

#[allow(clippy::too_many_arguments)]
fn mix(
    first: u8,
    single: f32,
    array: [u64; 3],
    wide: u128,
    double: f64,
    negative: i16,
    letter: Option<&char>,
    triple: (u64, u64, u64),
    yes: bool,
) -> Out {
    assert!(yes && negative == -1 && double == 1.5 && triple.2 == 3);
    Out {
        first,
        single: single / 4.0,
        array,
        wide: wide - 0,
        letter: *letter.unwrap_or(&'?'),
    }
}

//@ why: functions in a list that the linker makes: the list holds their places, and one gets another body
//@ pair: restart-registry-entry
//@ ask: x => one two
//@ edit src/main.rs: replace "\"two\"" with "\"zwei\""
//@ expect: patched
//@ only: registered_body::two patched
//@ ask: x => one zwei

type Part = fn() -> &'static str;

#[used]
#[unsafe(link_section = "parts")]
static ONE: Part = one;

#[used]
#[unsafe(link_section = "parts")]
static TWO: Part = two;

unsafe extern "C" {
    #[link_name = "__start_parts"]
    static START: Part;
    #[link_name = "__stop_parts"]
    static STOP: Part;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            all()
        });
    }
}

fn all() -> String {
    let (start, stop) = (&raw const START, &raw const STOP);
    // SAFETY: the linker sets both ends of the list, which holds pointers to functions and nothing else.
    let parts = unsafe { std::slice::from_raw_parts(start, stop.offset_from_unsigned(start)) };
    let mut texts: Vec<&str> = parts.iter().map(|part| part()).collect();
    texts.sort_unstable();
    texts.join(" ")
}

fn one() -> &'static str {
    "one"
}

fn two() -> &'static str {
    "two"
}

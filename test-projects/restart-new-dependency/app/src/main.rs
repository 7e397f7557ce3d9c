//@ why: a dependency is added and used in one save, and patched afterwards
//@ ask: 4 => 4
//@ edit app/Cargo.toml: replace "[dependencies]" with "[dependencies]\nprice = { path = \"../price\" }"
//@ edit+ app/src/main.rs: replace "count.to_string()" with "price::of(count).to_string()"
//@ expect: restarted
//@ code: HP0601
//@ ask: 4 => 40
//@ edit price/src/lib.rs: replace "count * 10" with "count * 11"
//@ expect: patched
//@ ask: 4 => 44

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let count: u32 = request.trim().parse().unwrap_or(0);
    count.to_string()
}

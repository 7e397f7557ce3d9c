//@ why: a static goes away and comes back with another type, while its old value still lies in the program
//@ pair: static-removed-and-returned
//@ ask: 4 => [4]
//@ edit src/main.rs: replace "static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());\n" with ""
//@ edit+ src/main.rs: replace "    let mut kept = KEPT.lock().unwrap();\n" with "    let mut kept = Vec::<u8>::new();\n"
//@ expect: patched
//@ ask: 5 => [5]
//@ edit src/main.rs: replace "    let mut kept = Vec::<u8>::new();\n" with "    let mut kept = KEPT.lock().unwrap();\n"
//@ edit+ src/main.rs: append "\nstatic KEPT: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());\n"
//@ edit+ src/main.rs: replace "kept.push(request.trim().parse().unwrap_or(0));" with "kept.push((1, request.trim().parse().unwrap_or(0)));"
//@ expect: restarted
//@ code: HP0501
//@ ask: 6 => [(1, 6)]
//@ ask: 7 => [(1, 6), (1, 7)]

#[allow(unused_imports)]
use std::sync::Mutex;

static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[allow(unused_mut)]
fn answer(request: &str) -> String {
    let mut kept = KEPT.lock().unwrap();
    kept.push(request.trim().parse().unwrap_or(0));
    format!("{kept:?}")
}

//@ why: an edit that uses a function of a dependency (no member of the workspace) that the program never linked
//@ ask: a => 1
//@ ask: b => 2
//@ edit app/src/main.rs: replace "tally::next().to_string()" with "tally::written(tally::next())"
//@ expect: patched
//@ ask: c => no. 3 of 3
//@ edit vendor/tally/src/lib.rs: replace "no. {number}" with "number {number}"
//@ expect: restarted
//@ code: HP0604
//@ ask: d => number 1 of 1

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    tally::next().to_string()
}

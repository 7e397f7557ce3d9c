//@ why: `--bin` picks one of several programs of a package; editing the other one changes nothing that runs
//@ run-args: --bin other
//@ program-args: --tag v1 --
//@ ask: x => shared other x ["--tag", "v1", "--"]
//@ edit src/lib.rs: replace "shared {text}" with "SHARED {text}"
//@ expect: patched
//@ only: one_of_two_bins::shared patched
//@ ask: x => SHARED other x ["--tag", "v1", "--"]
//@ edit src/bin/other.rs: replace "other {request}" with "another {request}"
//@ expect: patched
//@ ask: x => SHARED another x ["--tag", "v1", "--"]

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let args: Vec<String> = std::env::args().skip(1).collect();
    format!(
        "{} {args:?}",
        one_of_two_bins::shared(&format!("other {request}"))
    )
}

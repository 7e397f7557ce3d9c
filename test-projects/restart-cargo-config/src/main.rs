//@ why: cargo's configuration sets what the compiler reads from the environment
//@ pair: env-macro
//@ ask: x => hello
//@ edit .cargo/config.toml: replace "hello" with "good day"
//@ expect: restarted
//@ code: HP0601
//@ ask: x => good day

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    env!("GREETING").to_owned()
}

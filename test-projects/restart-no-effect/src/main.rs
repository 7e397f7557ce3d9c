//@ pair: main-edited
//@ why: what only a running frame holds would never be seen
//@ ask: x => 1: x
//@ edit src/main.rs: replace "{count}: {line}" with "{count} = {line}"
//@ expect: restarted
//@ code: HP0902

fn main() {
    let mut count = 0;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        count += 1;
        println!("{count}: {line}");
    }
}

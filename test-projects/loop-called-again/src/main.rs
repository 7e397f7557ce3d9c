//@ why: the loop that answers runs, and whoever called it will call it again: then it is the new one
//@ pair: restart-loop-no-effect
//@ ask: x => 1: x
//@ edit src/main.rs: replace "{count}: {line}" with "{count} = {line}"
//@ expect: patched
//@ function: loop_called_again::serve still-running
//@ warm-only: the loop that runs is the old one
//@ ask: x => 2: x
//@ ask: again => 3: again
//@ ask: x => 1 = x

fn main() {
    println!("ready");
    while serve() {}
}

fn serve() -> bool {
    let mut count = 0;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        count += 1;
        println!("{count}: {line}");
        if line == "again" {
            return true;
        }
    }
    false
}

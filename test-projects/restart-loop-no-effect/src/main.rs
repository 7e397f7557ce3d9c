//@ why: the loop that answers is called once, and runs: nothing will call its new code
//@ pair: loop-called-again
//@ ask: x => 1: x
//@ edit src/main.rs: replace "{count}: {line}" with "{count} = {line}"
//@ expect: restarted
//@ code: HP0902
//@ reason: nothing will call it again
//@ ask: x => 1 = x

fn main() {
    println!("ready");
    serve();
}

fn serve() {
    let mut count = 0;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        count += 1;
        println!("{count}: {line}");
    }
}

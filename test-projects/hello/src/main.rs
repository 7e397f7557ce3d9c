//@ why: the smallest program: the body of one function
//@ ask: world => hello, world (1)
//@ edit src/main.rs: replace "hello, " with "good morning, "
//@ expect: patched
//@ only: hello::greeting patched
//@ ask: world => good morning, world (2)
//@ ask: you => good morning, you (3)

fn main() {
    println!("ready");
    let mut greeted = 0;
    for name in std::io::stdin().lines().map_while(Result::ok) {
        greeted += 1;
        println!("{} ({greeted})", greeting(&name));
    }
}

fn greeting(name: &str) -> String {
    format!("hello, {name}")
}

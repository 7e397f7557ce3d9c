//@ why: names and texts beyond ASCII, in a path with them
//@ ask: wörld => grüße, wörld 🦀
//@ edit src/größe.rs: replace "🦀" with "🐢🐢"
//@ expect: patched
//@ ask: wörld => grüße, wörld 🐢🐢
//@ edit src/größe.rs: replace "grüße, {name}" with "こんにちは {name}"
//@ expect: patched
//@ function: unicode::größe::grüße patched
//@ ask: wörld => こんにちは wörld 🐢🐢

#[path = "größe.rs"]
mod größe;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    größe::grüße(request)
}

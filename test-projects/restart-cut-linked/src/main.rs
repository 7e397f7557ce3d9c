//@ why: the captures of a closure change in a function of the program, and that function contains `unsafe`
//@ pair: cut-not-linked
//@ ask: bb a ccc dd => bb ccc dd
//@ edit src/lib.rs: replace "word.len() > least || *word == first" with "word.len() > least && word.len() < most || *word == first"
//@ expect: restarted
//@ code: HP0301
//@ reason: unsafe
//@ ask: bb a ccc dd => bb dd

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let words: Vec<&str> = request.split(' ').collect();
    restart_cut_linked::longer(words, 1, 3).join(" ")
}

//@ why: the captures of a closure change in a function that the program never calls: nothing of it is in the program, so nothing has to be kept apart, and its `unsafe` is no danger
//@ pair: restart-cut-linked
//@ ask: bb a => a bb
//@ edit src/lib.rs: replace "word.len() > least || *word == first" with "word.len() > least && word.len() < most || *word == first"
//@ expect: unchanged
//@ note: `cut_not_linked::longer` is not part of the program
//@ ask: bb a => a bb
//@ edit src/main.rs: replace "cut_not_linked::sorted(words)" with "cut_not_linked::longer(words, 1, 3)"
//@ expect: patched
//@ ask: bb a ccc dd => bb dd

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let words: Vec<&str> = request.split(' ').collect();
    cut_not_linked::sorted(words).join(" ")
}

//@ why: closures handed to generic code of std
//@ ask: bb a ccc => a bb ccc
//@ edit src/main.rs: replace "word.len()" with "std::cmp::Reverse(word.len())"
//@ expect: patched
//@ ask: bb a ccc => ccc bb a

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let mut words: Vec<&str> = request.split(' ').collect();
    words.sort_by_key(|word| word.len());
    words.join(" ")
}

//@ why: an edit that uses parts of std which the program never linked
//@ ask: grüße => 7
//@ edit src/main.rs: replace "request.len().to_string()" with "request.to_uppercase()"
//@ expect: patched
//@ ask: grüße => GRÜSSE
//@ edit src/main.rs: replace "request.to_uppercase()" with "letters(request)"
//@ edit+ src/main.rs: append "\nfn letters(text: &str) -> String {\n    let mut counts: std::collections::HashMap<char, usize> = std::collections::HashMap::new();\n    for letter in text.chars() {\n        *counts.entry(letter).or_default() += 1;\n    }\n    let mut counts: Vec<_> = counts.into_iter().collect();\n    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));\n    format!(\"{counts:?}\")\n}\n"
//@ expect: patched
//@ ask: abba! => [('a', 2), ('b', 2), ('!', 1)]
//@ edit src/main.rs: replace "letters(request)\n" with "request.parse::<f64>().map_or(letters(request), |number| format!(\"{:.3e}\", number.sqrt().sin()))\n"
//@ expect: patched
//@ ask: 16 => -7.568e-1
//@ ask: aa => [('a', 2)]

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    request.len().to_string()
}

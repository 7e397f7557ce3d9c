//@ why: a new file becomes a module, and is watched from then on
//@ pair: restart-manifest
//@ ask: x => x
//@ write src/extra.rs from edits/extra.rs
//@ edit+ src/main.rs: replace "request.to_owned()" with "extra::decorated(request)"
//@ edit+ src/main.rs: append "\nmod extra;\n"
//@ expect: patched
//@ function: new_module::extra::decorated new
//@ ask: x => *x*
//@ edit src/extra.rs: replace "*{text}*" with "_{text}_"
//@ expect: patched
//@ only: new_module::extra::decorated patched
//@ ask: x => _x_
//@ edit src/main.rs: replace "extra::decorated(request)" with "request.to_owned()"
//@ edit+ src/main.rs: replace "\nmod extra;\n" with ""
//@ delete+ src/extra.rs
//@ expect: patched
//@ ask: x => x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    request.to_owned()
}

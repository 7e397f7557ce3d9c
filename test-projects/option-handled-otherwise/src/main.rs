//@ why: an optional reference, which is a pointer that may be null, is looked at in another way
//@ pair: restart-niche
//@ ask: bob => bob, before: nobody
//@ edit src/main.rs: replace "self.last.unwrap_or(\"nobody\").to_owned()" with "match self.last {\n            Some(name) => format!(\"{name}!\"),\n            None => \"nobody at all\".to_owned(),\n        }"
//@ expect: patched
//@ ask: cleo => cleo, before: bob!

struct Guest {
    last: Option<&'static str>,
}

impl Guest {
    fn before(&self) -> String {
        self.last.unwrap_or("nobody").to_owned()
    }
}

fn main() {
    let mut guest = Guest { last: None };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", come(&mut guest, &line));
    }
}

fn come(guest: &mut Guest, name: &str) -> String {
    let answer = format!("{name}, before: {}", guest.before());
    guest.last = Some(Box::leak(name.to_owned().into_boxed_str()));
    answer
}

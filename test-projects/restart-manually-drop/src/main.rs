//@ why: the same bytes, but who drops them? What was made before would be dropped by nobody, or twice
//@ pair: manually-dropped
//@ ask: a => a
//@ edit src/main.rs: replace "    item: String," with "    item: std::mem::ManuallyDrop<String>,"
//@ edit+ src/main.rs: replace "shelf.item = name.to_owned();" with "*shelf.item = name.to_owned();"
//@ edit+ src/main.rs: replace "item: String::new()" with "item: std::mem::ManuallyDrop::new(String::new())"
//@ expect: restarted
//@ code: HP0101
//@ reason: Shelf
//@ ask: b => b

struct Shelf {
    item: String,
}

fn main() {
    let mut shelf = Shelf {
        item: String::new(),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut shelf, &line));
    }
}

fn put(shelf: &mut Shelf, name: &str) -> String {
    shelf.item = name.to_owned();
    shelf.item.to_string()
}

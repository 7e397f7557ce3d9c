//@ why: new code drops by hand what old code left alone
//@ pair: restart-manually-drop
//@ ask: a => a, 0 dropped
//@ edit src/main.rs: replace "    shelf.item = " with "    // SAFETY: replaced at once.\n    unsafe { ManuallyDrop::drop(&mut shelf.item) };\n    shelf.item = "
//@ expect: patched
//@ warm-only: a cold start drops one with each request
//@ ask: b => b, 1 dropped

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Item(String);

impl Drop for Item {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
    }
}

struct Shelf {
    item: ManuallyDrop<Item>,
}

fn main() {
    let mut shelf = Shelf {
        item: ManuallyDrop::new(Item(String::new())),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut shelf, &line));
    }
}

fn put(shelf: &mut Shelf, name: &str) -> String {
    shelf.item = ManuallyDrop::new(Item(name.to_owned()));
    format!("{}, {} dropped", shelf.item.0, DROPPED.load(Relaxed))
}

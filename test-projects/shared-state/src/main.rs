//@ why: Rc<RefCell> state with a cycle of weak pointers, worked on by old and new code in turn
//@ ask: 5 => root 5, child sees 5
//@ edit src/main.rs: replace "node.value.set(node.value.get() + value)" with "node.value.set(node.value.get() + 2 * value)"
//@ expect: patched
//@ warm-only: five were added by the old code
//@ ask: 5 => root 15, child sees 15

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

struct Node {
    value: Cell<i64>,
    parent: RefCell<Weak<Node>>,
    children: RefCell<Vec<Rc<Node>>>,
}

fn main() {
    let root = node();
    let child = node();
    *child.parent.borrow_mut() = Rc::downgrade(&root);
    root.children.borrow_mut().push(child);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&root, line.trim().parse().unwrap_or(0)));
    }
}

fn node() -> Rc<Node> {
    Rc::new(Node {
        value: Cell::new(0),
        parent: RefCell::default(),
        children: RefCell::default(),
    })
}

fn add(node: &Rc<Node>, value: i64) -> String {
    node.value.set(node.value.get() + value);
    let child = node.children.borrow()[0].clone();
    let seen = child
        .parent
        .borrow()
        .upgrade()
        .map(|parent| parent.value.get());
    format!(
        "root {}, child sees {}",
        node.value.get(),
        seen.unwrap_or(-1)
    )
}

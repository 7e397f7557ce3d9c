//@ why: a type that contains itself through pointers changes, and a list of it exists
//@ pair: generic-recursion
//@ ask: 4 => [4]
//@ ask: 5 => [5, 4]
//@ edit src/main.rs: replace "value: T,\n    next" with "value: T,\n    index: usize,\n    next"
//@ edit+ src/main.rs: replace "let node = Node {" with "let node = Node {\n        index: 0,"
//@ expect: restarted
//@ code: HP0101
//@ reason: Node
//@ ask: 4 => [4]

#[allow(dead_code)]
struct Node<T> {
    value: T,
    next: Option<Box<Node<T>>>,
}

fn main() {
    let mut list = None;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut list, &line));
    }
}

fn answer(list: &mut Option<Box<Node<u32>>>, request: &str) -> String {
    let node = Node {
        value: request.trim().parse().unwrap_or(0),
        next: list.take(),
    };
    *list = Some(Box::new(node));
    let mut values = Vec::new();
    let mut next = &*list;
    while let Some(node) = next {
        values.push(node.value);
        next = &node.next;
    }
    format!("{values:?}")
}

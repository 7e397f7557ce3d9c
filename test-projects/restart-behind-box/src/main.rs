//@ why: a linked list: all nodes that there are are shorter than new ones
//@ pair: behind-box
//@ ask: 1 => 1
//@ ask: 2 => 2 1
//@ edit src/main.rs: replace "    value: u32,\n    next" with "    value: u32,\n    size: usize,\n    next"
//@ edit+ src/main.rs: replace "Node { value, next }" with "Node { value, size: 1 + next.as_ref().map_or(0, |next| next.size), next }"
//@ edit+ src/main.rs: replace "text += &node.value.to_string();" with "text += &format!(\"{}/{}\", node.value, node.size);"
//@ expect: restarted
//@ code: HP0101
//@ reason: Node
//@ ask: 3 => 3/1
//@ ask: 4 => 4/2 3/1

struct Node {
    value: u32,
    next: Option<Box<Node>>,
}

fn main() {
    let mut head = None;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", push(&mut head, line.trim().parse().unwrap_or(0)));
    }
}

fn push(head: &mut Option<Box<Node>>, value: u32) -> String {
    let next = head.take();
    *head = Some(Box::new(Node { value, next }));
    shown(head)
}

fn shown(mut at: &Option<Box<Node>>) -> String {
    let mut text = String::new();
    while let Some(node) = at {
        if !text.is_empty() {
            text.push(' ');
        }
        text += &node.value.to_string();
        at = &node.next;
    }
    text
}

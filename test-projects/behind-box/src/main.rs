//@ why: a linked list: code walks along the boxes in another way
//@ pair: restart-behind-box
//@ ask: 1 => 1
//@ ask: 2 => 2 1
//@ edit src/main.rs: replace "text.push(' ');" with "text.push_str(\" -> \");"
//@ expect: patched
//@ only: behind_box::shown patched
//@ ask: 3 => 3 -> 2 -> 1

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

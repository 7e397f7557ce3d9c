//@ why: a method that calls itself on the objects below gets a parameter
//@ pair: fn-recursion-new-parameter
//@ ask: x => 2
//@ edit src/main.rs: replace "fn depth(&self) -> u64;" with "fn depth(&self, sum: u64) -> u64;"
//@ edit+ src/main.rs: replace "fn depth(&self) -> u64 {\n        match &self.0 {\n            Some(below) => 1 + below.depth(),\n            None => 0," with "fn depth(&self, sum: u64) -> u64 {\n        match &self.0 {\n            Some(below) => below.depth(sum + 2),\n            None => sum,"
//@ edit+ src/main.rs: replace "tree.depth().to_string()" with "tree.depth(100).to_string()"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => 104

trait Tree {
    fn depth(&self) -> u64;
}

struct Node(Option<Box<dyn Tree>>);

impl Tree for Node {
    fn depth(&self) -> u64 {
        match &self.0 {
            Some(below) => 1 + below.depth(),
            None => 0,
        }
    }
}

fn main() {
    let tree = Node(Some(Box::new(Node(Some(Box::new(Node(None)))))));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&tree, &line));
    }
}

fn answer(tree: &Node, _request: &str) -> String {
    tree.depth().to_string()
}

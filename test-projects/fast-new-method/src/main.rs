//@ why: a method that nothing calls is added, and then called
//@ driven-by: fast.rs

struct Stock {
    all: u32,
    count: u32,
}

impl Stock {
    fn taken(&self) -> u32 {
        self.count
    }
}

fn main() {
    let stock = Stock { all: 100, count: 3 };
    println!("{} in all", stock.all);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", show(&stock, &line));
    }
}

fn show(stock: &Stock, _request: &str) -> String {
    stock.taken().to_string()
}

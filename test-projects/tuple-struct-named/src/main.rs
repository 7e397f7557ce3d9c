//@ why: the parts of a tuple struct get names, and stay where they are
//@ pair: restart-tuple-struct-swapped
//@ ask: 3 => 3 left 97
//@ edit src/main.rs: replace "struct Stock(u8, u64);" with "struct Stock {\n    taken: u8,\n    left: u64,\n}"
//@ edit+ src/main.rs: replace "Stock(0, 100)" with "Stock { taken: 0, left: 100 }"
//@ edit+ src/main.rs: replace "stock.0 += count;\n    stock.1 -= u64::from(count);\n    format!(\"{} left {}\", stock.0, stock.1)" with "stock.taken += count;\n    stock.left -= u64::from(count);\n    format!(\"{} taken, {} left\", stock.taken, stock.left)"
//@ expect: patched
//@ ask: 4 => 7 taken, 93 left

struct Stock(u8, u64);

fn main() {
    let mut stock = Stock(0, 100);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", take(&mut stock, line.trim().parse().unwrap_or(0)));
    }
}

fn take(stock: &mut Stock, count: u8) -> String {
    stock.0 += count;
    stock.1 -= u64::from(count);
    format!("{} left {}", stock.0, stock.1)
}

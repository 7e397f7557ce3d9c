//@ why: the parts of a tuple struct are known by their order alone
//@ pair: tuple-struct-named
//@ ask: 3 => 3 left 97
//@ edit src/main.rs: replace "struct Stock(u8, u64);" with "struct Stock(u64, u8);"
//@ edit+ src/main.rs: replace "Stock(0, 100)" with "Stock(100, 0)"
//@ edit+ src/main.rs: replace "stock.0 += count;\n    stock.1 -= u64::from(count);\n    format!(\"{} left {}\", stock.0, stock.1)" with "stock.1 += count;\n    stock.0 -= u64::from(count);\n    format!(\"{} left {}\", stock.1, stock.0)"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ reason: Stock
//@ ask: 4 => 4 left 96

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

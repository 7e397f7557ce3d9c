//@ why: the same four bytes, taken for a signed number
//@ pair: field-cast
//@ ask: 3 => 4294967293
//@ edit src/main.rs: replace "balance: u32" with "balance: i32"
//@ edit+ src/main.rs: replace "wrapping_sub(amount)" with "wrapping_sub_unsigned(amount)"
//@ expect: restarted
//@ code: HP0101
//@ reason: was `u32`, now it is `i32`
//@ ask: 3 => -3

struct Account {
    balance: u32,
}

fn main() {
    let mut account = Account { balance: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!(
            "{}",
            withdraw(&mut account, line.trim().parse().unwrap_or(0))
        );
    }
}

fn withdraw(account: &mut Account, amount: u32) -> String {
    account.balance = account.balance.wrapping_sub(amount);
    account.balance.to_string()
}

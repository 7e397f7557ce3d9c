//@ why: the code takes the number for a signed one; the field stays what it is
//@ pair: restart-field-signed
//@ ask: 3 => 4294967293
//@ edit src/main.rs: replace "account.balance.to_string()" with "(account.balance as i32).to_string()"
//@ expect: patched
//@ only: field_cast::withdraw patched
//@ ask: 3 => -6

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

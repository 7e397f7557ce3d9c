//@ why: a type behind a counted pointer and a cell, deep inside of the allocation
//@ pair: behind-rc
//@ ask: 2 => 2 3
//@ edit src/main.rs: replace "    coins: u32,\n}" with "    notes: u32,\n    coins: u32,\n}"
//@ edit+ src/main.rs: replace "Purse { coins: 0 }" with "Purse { notes: 1, coins: 0 }"
//@ edit+ src/main.rs: replace "people[1].purse.borrow().coins" with "people[1].purse.borrow().coins + people[1].purse.borrow().notes"
//@ expect: restarted
//@ code: HP0101
//@ reason: Purse
//@ ask: 3 => 4 3

use std::cell::RefCell;
use std::rc::Rc;

struct Purse {
    coins: u32,
}

struct Person {
    purse: Rc<RefCell<Purse>>,
}

fn main() {
    let purse = Rc::new(RefCell::new(Purse { coins: 0 }));
    let people = [
        Person {
            purse: purse.clone(),
        },
        Person { purse },
    ];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", earn(&people, line.trim().parse().unwrap_or(0)));
    }
}

fn earn(people: &[Person; 2], coins: u32) -> String {
    people[0].purse.borrow_mut().coins += coins;
    let weak = Rc::downgrade(&people[0].purse);
    let strong = weak.upgrade().map_or(0, |purse| Rc::strong_count(&purse));
    format!("{} {}", people[1].purse.borrow().coins, strong)
}

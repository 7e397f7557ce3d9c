//@ why: a constant decides the layout of a type
//@ pair: const-value
//@ ask: 3 => [3] of 4
//@ edit src/main.rs: replace "SIZE: usize = 4" with "SIZE: usize = 8"
//@ expect: restarted
//@ code: HP0101
//@ ask: 3 => [3] of 8

const SIZE: usize = 4;

struct Ring {
    slots: [u32; SIZE],
    used: usize,
}

fn main() {
    let mut ring = Ring {
        slots: [0; SIZE],
        used: 0,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", push(&mut ring, line.trim().parse().unwrap_or(0)));
    }
}

fn push(ring: &mut Ring, value: u32) -> String {
    ring.slots[ring.used % SIZE] = value;
    ring.used += 1;
    format!(
        "{:?} of {}",
        &ring.slots[..ring.used.min(SIZE)],
        ring.slots.len()
    )
}

//@ why: another constant is another instance of the type: what lives is the old one
//@ pair: const-generics
//@ ask: 1 => [1] of 2
//@ ask: 2 => [1, 2] of 2
//@ ask: 3 => [3, 2] of 2
//@ edit src/main.rs: replace "ring: Ring<2>" with "ring: Ring<3>"
//@ expect: restarted
//@ code: HP0101
//@ reason: State
//@ ask: 1 => [1] of 3
//@ ask: 2 => [1, 2] of 3
//@ ask: 3 => [1, 2, 3] of 3

struct Ring<const N: usize> {
    slots: [u32; N],
    used: usize,
}

struct State {
    ring: Ring<2>,
}

fn main() {
    let mut state = State {
        ring: Ring {
            slots: std::array::from_fn(|_| 0),
            used: 0,
        },
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", push(&mut state, line.trim().parse().unwrap_or(0)));
    }
}

fn push(state: &mut State, value: u32) -> String {
    state.ring.push(value)
}

impl<const N: usize> Ring<N> {
    fn push(&mut self, value: u32) -> String {
        self.slots[self.used % N] = value;
        self.used += 1;
        format!("{:?} of {N}", &self.slots[..self.used.min(N)])
    }
}

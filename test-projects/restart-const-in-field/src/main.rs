//@ why: the same constant is the length of a field two types further inside, in another module
//@ pair: const-in-expression
//@ ask: 7 => 7 of 4
//@ edit src/main.rs: replace "SIZE: usize = 4" with "SIZE: usize = 5"
//@ expect: restarted
//@ code: HP0101
//@ ask: 8 => 8 of 5

const SIZE: usize = 4;

mod parts {
    pub struct Row(pub [u32; super::SIZE]);

    pub struct Grid {
        pub rows: [Row; 2],
    }
}

struct Total {
    grid: parts::Grid,
    sum: u32,
}

fn main() {
    let mut total = Total {
        grid: parts::Grid {
            rows: [const { parts::Row([0; SIZE]) }; 2],
        },
        sum: 0,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut total, line.trim().parse().unwrap_or(0)));
    }
}

fn add(total: &mut Total, number: u32) -> String {
    total.grid.rows[1].0[SIZE - 1] = number;
    total.sum += number;
    format!("{} of {}", total.sum, total.grid.rows[0].0.len())
}

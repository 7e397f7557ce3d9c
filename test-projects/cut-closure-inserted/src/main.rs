//@ why: nobody can tell which closure is which, so old ones keep their code and new ones get the new
//@ pair: restart-cut-inner-static
//@ ask: make => made
//@ ask: 0 0 => add 1
//@ ask: 0 1 => double 2
//@ edit src/main.rs: replace "Box::new(|n| format!(\"add {}\", n + 1))," with "Box::new(|n| format!(\"negative {}\", -n)),\n        Box::new(|n| format!(\"add {}\", n + 1)),"
//@ expect: patched
//@ note: which keep the old code
//@ ask: 0 0 => add 1
//@ ask: 0 1 => double 2
//@ ask: make => made
//@ ask: 1 0 => negative -3
//@ ask: 1 1 => add 4
//@ ask: 1 2 => double 6
//@ ask: 0 0 => add 1

type Say = Box<dyn Fn(i64) -> String>;

fn main() {
    let mut made = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut made, &line));
    }
}

fn answer(made: &mut Vec<Vec<Say>>, request: &str) -> String {
    let Some((row, column)) = request.split_once(' ') else {
        made.push(make());
        return "made".to_owned();
    };
    let row: usize = row.parse().unwrap();
    let say = &made[row][column.parse::<usize>().unwrap()];
    say(if row == 0 { row as i64 + column.parse::<i64>().unwrap() } else { 3 })
}

fn make() -> Vec<Say> {
    vec![
        Box::new(|n| format!("add {}", n + 1)),
        Box::new(|n| format!("double {}", n * 2)),
    ]
}

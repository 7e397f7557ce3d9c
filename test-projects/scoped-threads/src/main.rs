//@ why: threads that are made after the patch and borrow from the stack
//@ ask: 10 => 45 in 4 threads
//@ edit src/main.rs: replace "part.iter().sum()" with "part.iter().map(|number| number * 2).sum()"
//@ expect: patched
//@ ask: 10 => 90 in 4 threads

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let numbers: Vec<u64> = (0..request.trim().parse().unwrap_or(0)).collect();
    let parts: Vec<&[u64]> = numbers.chunks(3).collect();
    let sum: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = parts.iter().map(|part| scope.spawn(|| add(part))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    format!("{sum} in {} threads", parts.len())
}

fn add(part: &[u64]) -> u64 {
    part.iter().sum()
}

//@ why: code takes a tuple apart in another way; the tuple is what it was
//@ pair: restart-tuple-swapped
//@ ask: 5 => 5 at 1
//@ edit src/main.rs: replace "let (best, round) = score.entry;\n    format!(\"{best} at {round}\")" with "let entry = score.entry;\n    format!(\"round {}: {}\", entry.1, entry.0)"
//@ expect: patched
//@ only: tuple_taken_apart::play patched
//@ ask: 4 => round 1: 5
//@ ask: 9 => round 3: 9

struct Score {
    entry: (u32, u8),
    rounds: u8,
}

fn main() {
    let mut score = Score {
        entry: (0, 0),
        rounds: 0,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", play(&mut score, line.trim().parse().unwrap_or(0)));
    }
}

fn play(score: &mut Score, points: u32) -> String {
    score.rounds += 1;
    if points > score.entry.0 {
        score.entry = (points, score.rounds);
    }
    let (best, round) = score.entry;
    format!("{best} at {round}")
}

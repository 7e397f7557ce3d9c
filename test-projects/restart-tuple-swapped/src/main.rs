//@ why: the two parts of a tuple inside of a struct change places
//@ pair: tuple-taken-apart
//@ ask: 5 => 5 at 1
//@ edit src/main.rs: replace "entry: (u32, u8)" with "entry: (u8, u32)"
//@ edit+ src/main.rs: replace "points > score.entry.0" with "points > score.entry.1"
//@ edit+ src/main.rs: replace "(points, score.rounds)" with "(score.rounds, points)"
//@ edit+ src/main.rs: replace "let (best, round)" with "let (round, best)"
//@ expect: restarted
//@ code: HP0101
//@ reason: was `(u32, u8)`, now it is `(u8, u32)`
//@ ask: 4 => 4 at 1

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

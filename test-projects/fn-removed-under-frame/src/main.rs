//@ why: a function is gone from the source, and a frame that is running goes on calling it
//@ pair: restart-fn-signature-under-frame
//@ ask: 4 => frame 14, answer 5
//@ edit src/main.rs: replace "frame {}, answer {}\", offset(number), answer(number)" with "frame {}, answer {}\", number * 1000, answer(number)"
//@ edit+ src/main.rs: replace "\nfn offset(number: i64) -> i64 {\n    number + 10\n}\n" with ""
//@ edit+ src/main.rs: replace "number + 1\n" with "number + 2\n"
//@ expect: patched
//@ function: fn_removed_under_frame::answer patched
//@ function: fn_removed_under_frame::main still-running
//@ warm-only: the frame of main is old
//@ ask: 4 => frame 14, answer 6

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let number = line.trim().parse().unwrap_or(0);
        println!("frame {}, answer {}", offset(number), answer(number));
    }
}

fn answer(number: i64) -> i64 {
    number + 1
}

fn offset(number: i64) -> i64 {
    number + 10
}

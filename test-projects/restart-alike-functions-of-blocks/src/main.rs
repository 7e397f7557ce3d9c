//@ why: functions of two `const _` blocks that are alike change places: who refers to them tells which is which
//@ ask: a => a1 b1
//@ edit src/main.rs: replace "part!(A, 1);\npart!(B, 1);\n" with "part!(B, 1);\npart!(A, 1);\n"
//@ expect: restarted
//@ code: HP0204
//@ ask: a => a1 b1
//@ edit src/main.rs: replace "part!(A, 1);" with "part!(A, 5);"
//@ expect: patched
//@ ask: a => a5 b1

trait Part {
    fn part() -> fn() -> u32;
}

struct A;
struct B;

macro_rules! part {
    ($of:ident, $number:literal) => {
        const _: () = {
            fn part() -> u32 {
                $number
            }
            impl Part for $of {
                fn part() -> fn() -> u32 {
                    part
                }
            }
        };
    };
}

part!(A, 1);
part!(B, 1);

fn answer(kept: &[fn() -> u32; 2]) -> String {
    format!("a{} b{}", kept[0](), kept[1]())
}

fn main() {
    let kept = [<A as Part>::part(), <B as Part>::part()];
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&kept));
    }
}

//! Answers each line with one line. What is held was made before the first request.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::DefaultHasher;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::io::{BufRead as _, stdin};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use smallvec::{SmallVec, smallvec};

thread_local! {
    static LIVING: Cell<i64> = const { Cell::new(0) };
}

/// Counts how many of it there are, so that a double drop or a leak shows.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Counted(u32);

impl Counted {
    fn new(number: u32) -> Self {
        LIVING.set(LIVING.get() + 1);
        Self(number)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVING.set(LIVING.get() - 1);
    }
}

struct Held {
    inside: SmallVec<[String; 4]>,
    spilled: SmallVec<[String; 2]>,
    bytes: SmallVec<[u8; 16]>,
    counted: SmallVec<[Counted; 3]>,
    nested: Vec<SmallVec<[SmallVec<[u16; 2]>; 2]>>,
    empty: SmallVec<[(); 8]>,
}

impl Held {
    fn new() -> Self {
        let words = ["one", "two", "three"].map(str::to_owned);
        Self {
            inside: words.iter().cloned().collect(),
            spilled: words.into_iter().collect(),
            bytes: SmallVec::from_slice(b"0123456789"),
            counted: (0..5).map(Counted::new).collect(),
            nested: vec![smallvec![smallvec![1, 2], smallvec![3, 4, 5]], smallvec![]],
            empty: smallvec![(); 3],
        }
    }
}

fn main() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place.unwrap_or_default());
    }));
    let mut held = Held::new();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut held, &line)));
        let answer = answer.unwrap_or_else(|_| format!("panic at {}", PLACE.take()));
        println!("{}", answer.escape_debug());
    }
}

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}
/// One operation on one kind of vector.
fn operate<A>(
    mut vec: SmallVec<A>,
    operation: &str,
    index: usize,
    make: impl Fn(u32) -> A::Item,
) -> String
where
    A: smallvec::Array,
    A::Item: Clone + Debug + PartialEq + Ord + Hash,
{
    let extra = match operation {
        "push" => {
            (0..index).for_each(|number| vec.push(make(number as u32)));
            String::new()
        }
        "pop" => format!("{:?} {:?}", vec.pop(), vec.pop()),
        "insert" => {
            vec.insert(index, make(7));
            String::new()
        }
        "insert-many" => {
            vec.insert_many(index, (0..3).map(&make));
            String::new()
        }
        "remove" => format!("{:?}", vec.remove(index)),
        "swap-remove" => format!("{:?}", vec.swap_remove(index)),
        "truncate" => {
            vec.truncate(index);
            String::new()
        }
        "clear" => {
            vec.clear();
            String::new()
        }
        "grow" => {
            vec.grow(index);
            String::new()
        }
        "reserve" => {
            vec.reserve(index);
            format!("{}", vec.capacity() >= vec.len() + index)
        }
        "reserve-exact" => {
            vec.reserve_exact(index);
            format!("{}", vec.capacity())
        }
        "shrink" => {
            vec.truncate(index);
            vec.shrink_to_fit();
            format!("{}", vec.capacity())
        }
        "retain" => {
            let mut number = 0;
            vec.retain(|_| {
                number += 1;
                number % 2 == index % 2
            });
            String::new()
        }
        "dedup" => {
            let doubled: SmallVec<A> = vec
                .iter()
                .flat_map(|item| [item.clone(), item.clone()])
                .collect();
            vec = doubled;
            vec.dedup();
            String::new()
        }
        "dedup-by-key" => {
            vec.extend((0..4).map(&make));
            let mut number = 0;
            vec.dedup_by_key(|_| {
                number += 1;
                number / 3
            });
            String::new()
        }
        "drain" => format!("{:?}", vec.drain(..index).rev().collect::<Vec<_>>()),
        "drain-some" => {
            let mut drain = vec.drain(1..index);
            format!("{:?} {:?}", drain.next(), drain.size_hint())
        }
        "extend" => {
            vec.extend((0..index).map(|number| make(number as u32)));
            String::new()
        }
        "into-vec" => format!("{:?}", vec.clone().into_vec()),
        "into-iter" => {
            let mut iterator = vec.clone().into_iter();
            format!(
                "{:?} {:?} {}",
                iterator.next(),
                iterator.next_back(),
                iterator.len()
            )
        }
        "iter" => format!("{:?}", vec.iter().rev().max()),
        "compare" => {
            let mut other = vec.clone();
            other.push(make(3));
            format!(
                "{:?} {} {}",
                vec.cmp(&other),
                vec == other,
                hash(&vec) == hash(&vec.clone())
            )
        }
        "from-vec" => {
            vec = SmallVec::from_vec(vec.into_vec());
            String::new()
        }
        "from-elem" => {
            vec = SmallVec::from_elem(make(2), index);
            String::new()
        }
        "resize" => {
            vec.resize(index, make(1));
            String::new()
        }
        "into-inner" => format!("{}", vec.clone().into_inner().is_ok()),
        "clone-from" => {
            let mut other: SmallVec<A> = (0..index).map(|number| make(number as u32)).collect();
            other.clone_from(&vec);
            format!("{other:?}")
        }
        "sort" => {
            vec.sort_by(|left, right| right.cmp(left));
            String::new()
        }
        _ => "?".to_owned(),
    };
    format!("{vec:?} {} {} {extra}", vec.len(), vec.spilled())
}

fn answer(held: &mut Held, line: &str) -> String {
    let (operation, index) = line.split_once(' ').unwrap_or((line, "0"));
    let index: usize = index.parse().unwrap_or(0);
    match operation {
        "held" => format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            held.inside, held.spilled, held.bytes, held.counted, held.nested, held.empty
        ),
        "held-spilled" => [
            held.inside.spilled(),
            held.spilled.spilled(),
            held.bytes.spilled(),
            held.counted.spilled(),
            held.nested[0].spilled(),
            held.empty.spilled(),
        ]
        .map(|spilled| if spilled { "1" } else { "0" })
        .concat(),
        "held-bytes" => {
            let slice = SmallVec::<[u8; 4]>::from_slice(&held.bytes[2..9]);
            let mut bytes = held.bytes.clone();
            bytes.insert_from_slice(3, &slice);
            bytes.extend_from_slice(b"!?");
            format!("{:?} {}", String::from_utf8_lossy(&bytes), bytes.spilled())
        }
        // Grows what is held, and takes it back, so that it moves to the heap and in again.
        "held-moves" => {
            held.inside
                .extend(["four", "five", "six"].map(str::to_owned));
            let spilled = held.inside.spilled();
            held.inside.truncate(3);
            held.inside.shrink_to_fit();
            let back = held.inside.spilled();
            held.counted.push(Counted::new(9));
            let popped = held.counted.pop();
            format!("{spilled} {back} {popped:?} {}", LIVING.get())
        }
        "held-replaced" => {
            let fresh: SmallVec<[String; 2]> = held.spilled.drain(..).collect();
            let old = std::mem::replace(&mut held.spilled, fresh);
            format!("{} {:?}", old.len(), held.spilled)
        }
        "units" => {
            let mut units = held.empty.clone();
            (0..index).for_each(|_| units.push(()));
            format!("{} {:?} {}", units.len(), units.pop(), units.spilled())
        }
        "living" => LIVING.get().to_string(),
        operation => {
            let strings = operate(held.inside.clone(), operation, index, |number| {
                number.to_string()
            });
            let spilled = operate(held.spilled.clone(), operation, index, |number| {
                number.to_string()
            });
            let bytes = operate(held.bytes.clone(), operation, index, |number| number as u8);
            let counted = operate(held.counted.clone(), operation, index, Counted::new);
            format!(
                "{strings} / {spilled} / {bytes} / {counted} / {}",
                LIVING.get()
            )
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() % 1000
}

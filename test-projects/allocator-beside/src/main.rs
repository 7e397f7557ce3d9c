//@ why: in a program with an allocator of its own, something else is edited
//@ pair: restart-allocator
//@ ask: x => 1 lines
//@ edit src/main.rs: replace "{} lines" with "{} lines kept"
//@ expect: patched
//@ only: keep patched
//@ warm-only: a cold start has kept nothing
//@ ask: x => 2 lines kept

use std::alloc::{GlobalAlloc, Layout, System};

struct Padded;

// SAFETY: every block is one of the system's allocator, with room in front of it.
unsafe impl GlobalAlloc for Padded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the promises of `GlobalAlloc`; the room is a part of the block.
        unsafe { System.alloc(with_room(layout)).add(room() / 2) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block.sub(room() / 2), with_room(layout)) }
    }
}

#[global_allocator]
static ALLOCATOR: Padded = Padded;

fn with_room(layout: Layout) -> Layout {
    let size = layout.size() + room();
    Layout::from_size_align(size, layout.align()).expect("a small block")
}

fn room() -> usize {
    32
}

fn main() {
    let mut lines: Vec<String> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", keep(&mut lines, line));
    }
}

fn keep(lines: &mut Vec<String>, line: String) -> String {
    lines.push(line);
    format!("{} lines", lines.len())
}

//@ why: the allocator's methods are edited together: memory of the old one would go back to the new one
//@ pair: allocator-beside
//@ ask: x => 1 lines
//@ edit src/main.rs: replace "System.alloc(with_room(layout)).add(room() / 2)" with "System.alloc(with_room(layout)).add(room())"
//@ edit+ src/main.rs: replace "System.dealloc(block.sub(room() / 2), with_room(layout))" with "System.dealloc(block.sub(room()), with_room(layout))"
//@ expect: restarted
//@ code: HP0505
//@ reason: is the program's global allocator
//@ ask: x => 1 lines
//@ edit src/main.rs: replace "    32\n" with "    64\n"
//@ expect: restarted
//@ code: HP0505
//@ reason: `restart_allocator::room` is run by the program's global allocator
//@ ask: x => 1 lines

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

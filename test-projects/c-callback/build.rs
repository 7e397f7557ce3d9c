use std::path::Path;
use std::process::Command;

fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let object = Path::new(&out).join("each.o");
    let library = Path::new(&out).join("libeach.a");
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    run(Command::new("cc")
        .args(["-c", "-g", "-fPIC", "src/each.c", "-o"])
        .arg(&object));
    run(Command::new("ar").arg("crs").arg(&library).arg(&object));
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=static=each");
    println!("cargo::rerun-if-changed=src/each.c");
}


fn main() {
    use std::io::{BufRead as _, Write as _};
    let address = std::env::var("ADDRESS").expect("nobody measures");
    let measurer = std::net::TcpStream::connect(address).expect("nobody measures");
    measurer.set_nodelay(true).expect("it can be set");
    let measurer = std::sync::Arc::new(measurer);
    let say = |text: String| {
        (&*measurer).write_all(text.as_bytes()).expect("nobody measures any more");
    };
    let told = measurer.clone();
    peer_subsecond::register_handler(std::sync::Arc::new(move || {
        (&*told).write_all(b"PATCHED\n").expect("nobody measures any more");
    }));
    peer_connect();
    say(format!("READY{}\n", std::process::id()));
    let mut asked = 0_u64;
    for line in std::io::BufReader::new(&*measurer).lines().map_while(Result::ok) {
        asked += 1;
        let (name, value) = line.split_once(' ').unwrap_or((&line, "0"));
        let value = value.parse().unwrap_or(0);
        // `move`: a closure of the size of a pointer, with one reference in it, would be taken for a function.
        let text = peer_subsecond::call(move || answer(name, value));
        say(format!("{asked} {}\n", text.unwrap_or_else(|| "unknown".to_owned())));
    }
}

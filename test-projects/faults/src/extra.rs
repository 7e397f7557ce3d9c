use std::io::Read;

/// One line, and not a byte more.
pub fn read_line() -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    let mut stdin = unsafe { <std::fs::File as std::os::fd::FromRawFd>::from_raw_fd(0) };
    let line = loop {
        match stdin.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => break Some(String::from_utf8_lossy(&line).into_owned()),
            Ok(1) => line.push(byte[0]),
            _ => break None,
        }
    };
    std::mem::forget(stdin);
    line
}

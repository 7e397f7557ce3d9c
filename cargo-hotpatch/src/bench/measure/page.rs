//! Asking a program that serves pages: one of them is fetched, over plain HTTP, from this machine.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::super::project::{PORT, Project};
use crate::demo::session::interrupted;

/// What every address begins with that is understood here.
const SCHEME: &str = "http://";
/// How soon a program is asked again that does not listen yet.
const AGAIN: Duration = Duration::from_millis(3);
/// How late Ctrl-C may be noticed.
const GLANCE: Duration = Duration::from_millis(50);
/// A page is not larger.
const LARGEST: usize = 64 << 20;

/// A page of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Page {
    host: String,
    address: SocketAddr,
    /// With the query.
    path: String,
}

/// Whether the answer to `ask` is a page, and not a line.
pub(in super::super) fn is_page(ask: &str) -> bool {
    ask.starts_with(SCHEME)
}

impl Page {
    /// The page at this address, in which [`PORT`] stands for `port`.
    ///
    /// # Errors
    /// When it is no address of a page on this machine, with a port.
    pub(in super::super) fn new(address: &str, port: u16) -> Result<Self> {
        let address = address.replace(PORT, &port.to_string());
        let rest = address
            .strip_prefix(SCHEME)
            .with_context(|| format!("`{address}` does not begin with `{SCHEME}`"))?;
        // What is behind a `#` is for browsers.
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        ensure!(
            !path.contains(|character: char| character.is_whitespace() || character.is_control()),
            "`{address}` has white space in it"
        );
        let (name, port) = host
            .rsplit_once(':')
            .with_context(|| format!("`{address}` has no port"))?;
        let port = port
            .parse()
            .with_context(|| format!("`{port}` in `{address}` is no port"))?;
        let name = name.trim_matches(['[', ']']);
        let machine = if name == "localhost" {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            name.parse()
                .with_context(|| format!("`{name}` in `{address}` is no address of this machine"))?
        };
        ensure!(
            machine.is_loopback(),
            "`{name}` in `{address}` is not this machine: only 127.0.0.1, [::1] and localhost are asked"
        );
        Ok(Self {
            host: host.to_owned(),
            address: SocketAddr::new(machine, port),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        })
    }

    /// Waits until the page has `expected` in it; without, until there is a page. `strictly`: the first that comes has to
    /// have it, and one has to come at once.
    ///
    /// # Errors
    /// When that is not so before the deadline, or Ctrl-C is pressed.
    pub(super) fn wait_for(
        &self,
        expected: Option<&str>,
        strictly: bool,
        deadline: Instant,
    ) -> Result<()> {
        loop {
            let why = match self.fetch(deadline) {
                Ok(text) if expected.is_none_or(|expected| text.contains(expected)) => {
                    return Ok(());
                }
                Ok(text) => anyhow::anyhow!(
                    "the page has no {:?} in it, but is {:?}",
                    expected.unwrap_or_default(),
                    beginning(&text)
                ),
                Err(error) => error,
            };
            ensure!(!interrupted(), "interrupted");
            if strictly || Instant::now() >= deadline {
                return Err(why.context(format!("`{SCHEME}{}{}`", self.host, self.path)));
            }
            std::thread::sleep(AGAIN);
        }
    }

    /// The text of the page, as it is now.
    fn fetch(&self, deadline: Instant) -> Result<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        // Nothing at all would be an error of another kind.
        let left = left.max(Duration::from_millis(1));
        let mut stream =
            TcpStream::connect_timeout(&self.address, left).context("it cannot be connected to")?;
        stream
            .set_nodelay(true)
            .and_then(|()| stream.set_write_timeout(Some(left)))
            .and_then(|()| stream.set_read_timeout(Some(GLANCE)))
            .context("cannot prepare the connection")?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cargo-hotpatch/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.path,
            self.host,
            env!("CARGO_PKG_VERSION")
        );
        stream
            .write_all(request.as_bytes())
            .context("it cannot be asked")?;
        let mut received = Vec::new();
        let mut part = vec![0; 64 << 10];
        loop {
            let read = stream.read(&mut part);
            let has_ended = match read {
                Ok(length) => {
                    received.extend_from_slice(part.get(..length).unwrap_or_default());
                    length == 0
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => false,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    ensure!(!interrupted(), "interrupted");
                    ensure!(Instant::now() < deadline, "it does not answer in time");
                    false
                }
                // A server may close in a rude way after all was said.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
                Err(error) => return Err(error).context("its answer cannot be read"),
            };
            if let Some(text) = text_of(&received, has_ended)? {
                return Ok(text);
            }
            ensure!(
                !has_ended,
                "it closed the connection before its answer was complete"
            );
            ensure!(received.len() <= LARGEST, "its answer does not end");
        }
    }
}

/// As much as is of use in a message.
fn beginning(text: &str) -> String {
    /// Characters.
    const SHOWN: usize = 400;
    text.chars().take(SHOWN).collect()
}

/// The body of a response, whatever its status, once all of it has come. `has_ended`: nothing more will come.
fn text_of(received: &[u8], has_ended: bool) -> Result<Option<String>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = position(received, END) else {
        return Ok(None);
    };
    let (head, body) = received.split_at(end);
    let body = body.get(END.len()..).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    ensure!(
        status.starts_with("HTTP/1."),
        "its answer is no HTTP: {status:?}"
    );
    let field = |name: &str| {
        head.split("\r\n").skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let text = |body: &[u8]| Some(String::from_utf8_lossy(body).into_owned());
    if field("Transfer-Encoding").is_some_and(|form| form.eq_ignore_ascii_case("chunked")) {
        return Ok(unchunked(body)?.as_deref().and_then(text));
    }
    if let Some(length) = field("Content-Length") {
        let length: usize = length
            .parse()
            .with_context(|| format!("the length of its answer is {length:?}"))?;
        return Ok(body.get(..length).and_then(text));
    }
    Ok(has_ended.then_some(body).and_then(text))
}

/// What was sent in chunks, once the last has come.
fn unchunked(mut rest: &[u8]) -> Result<Option<Vec<u8>>> {
    const LINE: &[u8] = b"\r\n";
    let mut whole = Vec::new();
    loop {
        let Some(end) = position(rest, LINE) else {
            return Ok(None);
        };
        let (line, behind) = rest.split_at(end);
        let line = String::from_utf8_lossy(line);
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = usize::from_str_radix(digits, 16)
            .with_context(|| format!("a chunk of its answer has the length {digits:?}"))?;
        if length == 0 {
            return Ok(Some(whole));
        }
        let behind = behind.get(LINE.len()..).unwrap_or_default();
        let Some((chunk, behind)) = behind.split_at_checked(length) else {
            return Ok(None);
        };
        whole.extend_from_slice(chunk);
        if behind.len() < LINE.len() {
            return Ok(None);
        }
        match behind.strip_prefix(LINE) {
            Some(behind) => rest = behind,
            None => bail!("a chunk of its answer does not end where it says"),
        }
    }
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// The port for a program that is started now: a free one if it takes any.
///
/// # Errors
/// When none is free.
pub(super) fn port_for(project: &Project) -> Result<u16> {
    // Where there is no network at all, other programs are measured all the same.
    if project.takes_port() {
        free_port()
    } else {
        Ok(0)
    }
}

/// A port that nobody listens at, and that was given to nobody before.
fn free_port() -> Result<u16> {
    /// Below those from which the kernel takes the other end of connections: while a program starts, its port is tried
    /// again and again, and a connection from the very port that it goes to would be one with itself.
    const PORTS: std::ops::Range<u16> = 20_000..32_000;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // Where two benchmarks start at one time, each begins at another place.
    let count = u32::from(PORTS.end - PORTS.start);
    let begin = std::process::id().wrapping_mul(97) % count;
    (0..count)
        .filter_map(|step| u16::try_from((begin + step) % count).ok())
        .map(|place| PORTS.start + place)
        .find(|port| {
            !given.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
        })
        .inspect(|port| {
            given.insert(*port);
        })
        .context("no port of this machine is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let page = |address: &str| {
            Page::new(address, 8123).map(|page| (page.address.to_string(), page.host, page.path))
        };
        let parts = |address: &str, host: &str, path: &str| {
            Some((address.to_owned(), host.to_owned(), path.to_owned()))
        };
        assert_eq!(
            page("http://127.0.0.1:{port}/a?port={port}#x").ok(),
            parts("127.0.0.1:8123", "127.0.0.1:8123", "/a?port=8123")
        );
        assert_eq!(
            page("http://localhost:80").ok(),
            parts("127.0.0.1:80", "localhost:80", "/")
        );
        assert_eq!(
            page("http://[::1]:{port}?q").ok(),
            parts("[::1]:8123", "[::1]:8123", "/?q")
        );
        for wrong in [
            "http://127.0.0.1/",
            "http://192.0.2.1:{port}/",
            "http://example.org:80/",
            "http://127.0.0.1:port/",
            "http://127.0.0.1:{port}/a b",
            "https://127.0.0.1:{port}/",
        ] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
        assert!(is_page("http://x") && !is_page("GET /") && !is_page("https://x"));
    }

    #[test]
    fn a_response_is_its_body_once_it_is_complete() {
        let text = |response: &str, has_ended| {
            text_of(response.as_bytes(), has_ended).expect("it is understood")
        };
        let sized = "HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(text(sized, false).as_deref(), Some("hello"));
        for end in 0..sized.len() {
            assert_eq!(text(&sized[..end], false), None);
            assert_eq!(text(&sized[..end], true), None, "it was cut short");
        }
        let unsized_one = "HTTP/1.0 200 OK\r\nX: 1\r\n\r\nhello";
        assert_eq!(text(unsized_one, false), None, "there may be more");
        assert_eq!(text(unsized_one, true).as_deref(), Some("hello"));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
        assert_eq!(text(chunked, false).as_deref(), Some("hello"));
        let last = chunked.len() - "0\r\n\r\n".len();
        for end in 0..=last {
            assert_eq!(text(&chunked[..end], true), None);
        }
        for wrong in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        ] {
            assert!(text_of(wrong.as_bytes(), true).is_err(), "{wrong}");
        }
    }

    /// A program that answers each connection with the next of these, and then is gone.
    fn program(answers: Vec<String>) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("it has one").port();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut request = [0; 1024];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        port
    }

    #[test]
    fn the_first_page_counts_where_it_has_to_and_otherwise_a_later_one_does() {
        let answer = |text: &str| format!("HTTP/1.1 200 OK\r\n\r\n{text}");
        let wait = |answers: &[&str], strictly| {
            let port = program(answers.iter().map(|text| answer(text)).collect());
            let page = Page::new("http://127.0.0.1:{port}/", port).expect("an address");
            page.wait_for(
                Some("edit 11"),
                strictly,
                Instant::now() + Duration::from_secs(20),
            )
        };
        wait(&["edit 11"], true).expect("it is there");
        wait(&["edit 10", "edit 11"], false).expect("it comes");
        let error = wait(&["edit 10", "edit 11"], true).expect_err("it has to be the first");
        assert!(format!("{error:#}").contains("edit 10"), "{error:#}");
    }

    #[test]
    fn each_copy_gets_a_port_of_its_own() {
        let ports: BTreeSet<u16> = (0..5).map(|_| free_port().expect("a port")).collect();
        assert_eq!(ports.len(), 5);
    }
}

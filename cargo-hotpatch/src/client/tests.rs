//! The protocol without a process: encoding, the greeting, and a connection whose other end is played by the test.
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use hotpatch_runtime::protocol::{
    Addresses, Answer, FrameHeader, MAX_BODY, MAX_SEGMENTS, Malformed, Names, Prelude, Rendezvous,
    Segment, VERSION, Welcome, Writer,
};
use proptest::prelude::*;

use super::*;

const FRAME: usize = FrameHeader::BYTES + MAX_BODY;

fn any_protection() -> impl Strategy<Value = Protection> {
    prop_oneof![
        Just(Protection::Read),
        Just(Protection::ReadExecute),
        Just(Protection::ReadWrite)
    ]
}

fn any_segment() -> impl Strategy<Value = Segment> {
    (
        any::<u64>(),
        any::<u64>(),
        any::<u64>(),
        any::<u64>(),
        any_protection(),
    )
        .prop_map(
            |(file_offset, address, file_bytes, memory_bytes, protection)| Segment {
                file_offset,
                address,
                file_bytes,
                memory_bytes,
                protection,
            },
        )
}

fn any_string() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(1..=255_u8, 1..200).prop_map(|mut bytes| {
        bytes.push(0);
        bytes
    })
}

fn round_trip(request: &Request<'_>, sequence: u32) {
    let mut buffer = vec![0; FRAME];
    let length = request.encode(sequence, &mut buffer).unwrap();
    let (header, body) = buffer[..length].split_first_chunk().unwrap();
    let header = FrameHeader::decode(header).unwrap();
    assert_eq!(
        (header.sequence, header.length as usize),
        (sequence, body.len())
    );
    assert_eq!(Request::decode(header.kind, body), Ok(Some(*request)));
    // No proper part of it, and nothing longer, is a request.
    for shorter in 0..body.len() {
        assert!(Request::decode(header.kind, &body[..shorter]).is_err());
    }
    let mut longer = body.to_vec();
    longer.push(0);
    assert!(Request::decode(header.kind, &longer).is_err());
}

proptest! {
    #[test]
    fn requests_survive_the_wire(
        sequence: u32,
        path in any_string(),
        names in proptest::collection::vec(any_string(), 0..20),
        segments in proptest::collection::vec(any_segment(), 0..=MAX_SEGMENTS),
        numbers: (u64, u64, u64),
    ) {
        let path = NulTerminated::new(&path).unwrap();
        let names = names.concat();
        let mut all = Segments::new();
        for segment in segments {
            all.push(segment).unwrap();
        }
        let (region_start, region_bytes, expires) = numbers;
        for request in [
            Request::Ping,
            Request::Configure { region_start, region_bytes },
            Request::MapPatch { path, segments: all },
            Request::RegisterUnwind { eh_frame: region_start },
            Request::Publish { path, constants: all, region_start, region_bytes, expires },
            Request::LookUp { names: Names::new(&names).unwrap() },
        ] {
            round_trip(&request, sequence);
        }
    }

    #[test]
    fn answers_survive_the_wire(sequence: u32, errno: i32, addresses in proptest::collection::vec(any::<u64>(), 0..100)) {
        let bytes: Vec<u8> = addresses.iter().flat_map(|address| address.to_le_bytes()).collect();
        let answers = [
            Answer::Done,
            Answer::Refused { step: Step::WindowTaken, errno },
            Answer::Unwinding(Unwinding::Registered),
            Answer::Unwinding(Unwinding::NoUnwinder),
            Answer::Addresses(Addresses::new(&bytes).unwrap()),
        ];
        for answer in answers {
            let mut buffer = vec![0; FRAME];
            let length = answer.encode(sequence, &mut buffer).unwrap();
            let (header, body) = buffer[..length].split_first_chunk().unwrap();
            let header = FrameHeader::decode(header).unwrap();
            prop_assert_eq!(Answer::decode(header.kind, body), Ok(answer));
        }
    }

    #[test]
    fn garbage_is_refused_or_understood_but_never_trusted(kind in 0..300_u32, body in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Some(request)) = Request::decode(kind, &body) {
            // What was understood says exactly what the bytes said.
            let mut buffer = vec![0; FRAME];
            let length = request.encode(0, &mut buffer).unwrap();
            prop_assert_eq!(&buffer[FrameHeader::BYTES..length], &*body);
        }
        let _ = Answer::decode(kind, &body);
        let _ = Names::new(&body);
        let _ = Rendezvous::parse(&body);
    }

    #[test]
    fn a_meeting_place_survives_the_environment(
        token: [u8; 32],
        socket in proptest::collection::vec(1..=255_u8, 1..107),
        directory in proptest::collection::vec(1..=255_u8, 0..300),
    ) {
        let mut value: Vec<u8> = token.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
        value.extend_from_slice(format!(":{}:", socket.len()).as_bytes());
        value.extend_from_slice(&socket);
        value.push(b'/');
        value.extend_from_slice(&directory);
        let parsed = Rendezvous::parse(&value).unwrap();
        prop_assert_eq!(parsed.token, token);
        prop_assert_eq!(parsed.socket, &*socket);
        prop_assert_eq!(&parsed.directory[1..], &*directory);
    }

    #[test]
    fn a_connection_survives_any_garbage(garbage in proptest::collection::vec(any::<u8>(), 1..2000)) {
        let (mut connection, mut peer) = pair();
        peer.write_all(&garbage).unwrap();
        drop(peer);
        let error = connection.exchange(&Request::Ping, Duration::from_secs(5)).unwrap_err();
        prop_assert_eq!(error.reason.code, codes::NOT_CONNECTED.id);
    }
}

#[test]
fn the_pinned_bytes_are_what_they_have_always_been() {
    let mut bytes = [0; Prelude::BYTES];
    Prelude {
        version: 1,
        length: 60,
    }
    .encode(&mut Writer::new(&mut bytes));
    assert_eq!(&bytes, b"HOTPATCH\x01\0\0\0\x3c\0\0\0");
    assert_eq!(protocol::ENVIRONMENT_VARIABLE, "CARGO_HOTPATCH_SOCKET");
}

#[test]
fn lengths_that_lie_are_refused() {
    let header = |length: u32| {
        let mut bytes = [0; FrameHeader::BYTES];
        FrameHeader {
            length,
            sequence: 1,
            kind: 1,
        }
        .encode(&mut Writer::new(&mut bytes));
        FrameHeader::decode(&bytes).map(|_| ())
    };
    let limit = u32::try_from(MAX_BODY).unwrap();
    assert_eq!(header(limit), Ok(()));
    assert_eq!(header(limit + 1), Err(Malformed::TooLong));
    assert_eq!(header(u32::MAX), Err(Malformed::TooLong));
    // A path, a list of segments and a list of names that claim to be longer than what is there.
    for kind in [3, 5, 6] {
        let mut body = u32::MAX.to_le_bytes().to_vec();
        body.extend_from_slice(b"/a\0");
        assert!(Request::decode(kind, &body).is_err());
        body[..4].copy_from_slice(&100_u32.to_le_bytes());
        assert_eq!(Request::decode(kind, &body), Err(Malformed::CutShort));
    }
    let mut body = 3_u32.to_le_bytes().to_vec();
    body.extend_from_slice(b"/a\0");
    body.extend_from_slice(&u32::MAX.to_le_bytes());
    body.extend_from_slice(&[1; 36 * 17]);
    assert!(Request::decode(3, &body).is_err());
}

// The greeting.

const PID: u32 = 4711;

struct Greeting {
    _directory: tempfile::TempDir,
    listener: Listener,
    bytes: Vec<u8>,
}

/// A listener, and the greeting that it would take from process [`PID`].
fn greeting() -> Greeting {
    let directory = tempfile::tempdir().unwrap();
    let listener = Listener::bind(&directory.path().join("session")).unwrap();
    let mut greeting = Greeting {
        _directory: directory,
        listener,
        bytes: Vec::new(),
    };
    greeting.bytes = greeting.of(PID);
    greeting
}

impl Greeting {
    fn of(&self, pid: u32) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt;
        let (_, value) = self.listener.environment();
        let token = Rendezvous::parse(value.as_bytes()).unwrap().token;
        let mut bytes = vec![0; Prelude::BYTES + protocol::Hello::BYTES];
        let hello = protocol::Hello {
            token,
            pid,
            load_bias: 0x5555_0000_0000,
            arena_start: 0x5554_0000_0000,
            arena_bytes: 128 << 20,
        };
        hello.encode(&mut Writer::new(&mut bytes));
        bytes
    }

    fn judge(&self, spoil: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut bytes = self.bytes.clone();
        spoil(&mut bytes);
        self.listener.judge(&bytes, PID).unwrap_err()
    }
}

#[test]
fn the_right_greeting_is_taken_once_it_is_whole() {
    let greeting = greeting();
    for length in 0..greeting.bytes.len() {
        assert_eq!(
            greeting.listener.judge(&greeting.bytes[..length], PID),
            Ok(None)
        );
    }
    let hello = greeting
        .listener
        .judge(&greeting.bytes, PID)
        .unwrap()
        .unwrap();
    assert_eq!(hello.pid, PID);
    assert_eq!(hello.load_bias, LoadBias(0x5555_0000_0000));
    assert_eq!(
        hello.arena,
        RunAddr(0x5554_0000_0000)..RunAddr(0x5554_0800_0000)
    );
}

#[test]
fn any_other_greeting_is_refused_with_the_fact() {
    let greeting = greeting();
    let of_arena = |at: usize, value: u64| {
        greeting.judge(|bytes| {
            bytes[Prelude::BYTES + 44 + at * 8..][..8].copy_from_slice(&value.to_le_bytes());
        })
    };
    assert_eq!(
        greeting.judge(|bytes| bytes[0] = b'h'),
        "it speaks another protocol (WrongMagic)"
    );
    assert_eq!(
        greeting.judge(|bytes| bytes[8] = 9),
        format!("it speaks version 9 of the protocol, this tool version {VERSION}")
    );
    assert_eq!(
        greeting.judge(|bytes| bytes[12] = 1),
        "its greeting has 1 bytes instead of 60"
    );
    assert_eq!(
        greeting.judge(|bytes| bytes[Prelude::BYTES + 31] ^= 1),
        "it does not know the session's token"
    );
    assert_eq!(
        greeting.judge(|bytes| bytes[Prelude::BYTES + 32] ^= 1),
        "it calls itself process 4710, but is process 4711"
    );
    for spoiled in [
        of_arena(0, 1),
        of_arena(0, u64::MAX - 4095),
        of_arena(1, 0),
        of_arena(1, 4096),
    ] {
        assert!(spoiled.contains("is not possible"), "{spoiled}");
    }
}

#[test]
fn wrong_peers_are_refused_and_the_wait_goes_on() {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut greeting = greeting();
    let me = std::process::id();
    greeting.bytes = greeting.of(me);
    let (_, value) = greeting.listener.environment();
    let socket = Rendezvous::parse(value.as_bytes()).unwrap().socket.to_vec();
    let socket = PathBuf::from(std::ffi::OsString::from_vec(socket));
    let connect = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let mut wrong = greeting.bytes.clone();
    wrong[Prelude::BYTES] ^= 1;
    let mut foreign = connect(&wrong);
    let mut web = connect(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    drop(connect(&greeting.bytes[..20]));
    let silent = connect(&[]);
    let stub = std::thread::scope(|scope| {
        let listener = &greeting.listener;
        let waits = scope.spawn(move || listener.accept(me, Instant::now() + PATIENCE, &|| true));
        let mut answer = Vec::new();
        foreign.read_to_end(&mut answer).unwrap();
        let refused = Welcome::decode(answer[Prelude::BYTES..].try_into().unwrap());
        assert_eq!(refused, Ok(Welcome::Refused));
        // Closed, or reset since not all that it said was read.
        let _ = web.read_to_end(&mut Vec::new());
        let mut right = connect(&greeting.bytes);
        let mut answer = [0; Prelude::BYTES + Welcome::BYTES];
        right.read_exact(&mut answer).unwrap();
        let accepted = Welcome::decode(answer[Prelude::BYTES..].try_into().unwrap());
        assert_eq!(accepted, Ok(Welcome::Accepted));
        waits.join().unwrap().unwrap()
    });
    assert_eq!(stub.hello().pid, me);
    let refused = greeting.listener.take_refused();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(
        refused
            .iter()
            .all(|reason| reason.code == codes::WRONG_PEER.id)
    );
    drop((stub, silent));

    // This process is not the one that is waited for, whatever it knows.
    let _known = connect(&greeting.bytes);
    let soon = Instant::now() + Duration::from_millis(100);
    let error = greeting
        .listener
        .accept(me + 1, soon, &|| true)
        .unwrap_err();
    assert_eq!(error.reason.code, codes::NOT_CONNECTED.id);
    assert_eq!(greeting.listener.take_refused().len(), 1);
    let error = greeting
        .listener
        .accept(me, Instant::now() + PATIENCE, &|| false)
        .unwrap_err();
    assert!(error.reason.message.contains("ended before"), "{error}");
}

#[test]
fn the_sessions_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/session");
    let first = Listener::bind(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // A session that was killed leaves its socket behind.
    std::mem::forget(first);
    Listener::bind(&path).unwrap();
}

// A connection.

fn pair() -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Connection::new(ours), theirs)
}

/// Reads one request as a stub would, and says its sequence number and kind.
fn next_request(peer: &mut UnixStream) -> (u32, u32) {
    let mut header = [0; FrameHeader::BYTES];
    peer.read_exact(&mut header).unwrap();
    let header = FrameHeader::decode(&header).unwrap();
    let mut body = vec![0; header.length as usize];
    peer.read_exact(&mut body).unwrap();
    Request::decode(header.kind, &body).unwrap().unwrap();
    (header.sequence, header.kind)
}

fn answer(peer: &mut UnixStream, sequence: u32, answer: Answer<'_>) {
    let mut buffer = vec![0; FRAME];
    let length = answer.encode(sequence, &mut buffer).unwrap();
    peer.write_all(&buffer[..length]).unwrap();
}

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn a_late_answer_is_never_taken_for_the_next_one() {
    let (mut connection, mut peer) = pair();
    let error = connection
        .exchange(&Request::RegisterUnwind { eh_frame: 1 }, SHORT)
        .unwrap_err();
    assert_eq!(error.reason.code, codes::STUB_TIMEOUT.id);
    let (first, _) = next_request(&mut peer);
    answer(&mut peer, first, Answer::Unwinding(Unwinding::Registered));
    let stub = std::thread::spawn(move || {
        let (second, _) = next_request(&mut peer);
        answer(
            &mut peer,
            second,
            Answer::Refused {
                step: Step::Map,
                errno: 12,
            },
        );
        peer
    });
    let error = connection.exchange(&Request::Ping, PATIENCE).unwrap_err();
    let _peer = stub.join().unwrap();
    assert_eq!(
        error.refusal,
        Some(Refusal {
            step: Step::Map,
            errno: 12
        })
    );
    assert!(
        error.reason.message.contains("Cannot allocate memory"),
        "{error}"
    );
    let late = connection.late_answers();
    assert_eq!(
        late,
        [LateAnswer {
            kind: RequestKind::RegisterUnwind,
            result: Ok(())
        }]
    );
    assert_eq!(connection.late_answers(), []);
}

#[test]
fn a_peer_that_does_not_read_costs_time_but_not_the_connection() {
    let (mut connection, mut peer) = pair();
    let names = "n\0".repeat(2000) + &"x".repeat(50_000) + "\0";
    let request = Request::LookUp {
        names: Names::new(names.as_bytes()).unwrap(),
    };
    // Until the buffers are full, and then some that never leave.
    let tries = 20;
    for _ in 0..tries {
        let error = connection
            .exchange(&request, Duration::from_millis(5))
            .unwrap_err();
        assert_eq!(error.reason.code, codes::STUB_TIMEOUT.id);
    }
    let stub = std::thread::spawn(move || {
        let mut seen = 0;
        loop {
            let (sequence, kind) = next_request(&mut peer);
            if kind == 1 {
                answer(&mut peer, sequence, Answer::Done);
                return (seen, peer);
            }
            seen += 1;
            answer(
                &mut peer,
                sequence,
                Answer::Addresses(Addresses::new(&[0; 8]).unwrap()),
            );
        }
    });
    assert_eq!(
        connection.exchange(&Request::Ping, PATIENCE),
        Ok(Reply::Done)
    );
    let (seen, _peer) = stub.join().unwrap();
    assert!(0 < seen && seen < tries, "{seen} of {tries} were sent");
    assert_eq!(connection.late_answers().len(), seen);
}

#[test]
fn answers_that_cannot_be_are_the_end_of_the_connection() {
    type Spoil = fn(&mut UnixStream, u32);
    let spoilers: [Spoil; 4] = [
        |peer, sequence| answer(peer, sequence + 7, Answer::Done),
        |peer, sequence| {
            let mut header = [0; FrameHeader::BYTES];
            FrameHeader {
                length: 3,
                sequence,
                kind: 0x102,
            }
            .encode(&mut Writer::new(&mut header));
            peer.write_all(&header).unwrap();
            peer.write_all(&[0; 3]).unwrap();
        },
        |peer, _| peer.write_all(&[0xff; FrameHeader::BYTES]).unwrap(),
        |peer, _| peer.shutdown(std::net::Shutdown::Both).unwrap(),
    ];
    for spoil in spoilers {
        let (mut connection, mut peer) = pair();
        let stub = std::thread::spawn(move || {
            let (sequence, _) = next_request(&mut peer);
            spoil(&mut peer, sequence);
            peer
        });
        let error = connection.exchange(&Request::Ping, PATIENCE).unwrap_err();
        assert_eq!(error.reason.code, codes::NOT_CONNECTED.id, "{error}");
        assert!(!connection.is_open());
        let error = connection.exchange(&Request::Ping, PATIENCE).unwrap_err();
        assert_eq!(error.reason.code, codes::NOT_CONNECTED.id, "{error}");
        drop(stub.join().unwrap());
    }
}

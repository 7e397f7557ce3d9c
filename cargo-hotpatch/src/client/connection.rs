//! Requests and answers over one stream, which never gets out of step.
//!
//! Each request has a sequence number that its answer repeats. After a time-out its answer may still come; it is then
//! recognised, kept as a [`LateAnswer`], and the one that is waited for is found behind it. A request of which only a part could be sent before
//! the time-out is completed before the next one begins; one of which nothing was sent is never sent.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use hotpatch_runtime::protocol::{Answer, FrameHeader, MAX_BODY, Request, Unwinding};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{ClientError, Refusal};
use crate::codes;

/// Which request it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A sign of life.
    Ping,
    /// Where the jump table is.
    Configure,
    /// Mapping a patch.
    MapPatch,
    /// Registering unwind tables.
    RegisterUnwind,
    /// Publishing.
    Publish,
    /// Dynamic symbols.
    LookUp,
}

impl RequestKind {
    pub(super) fn of(request: &Request<'_>) -> Self {
        match request {
            Request::Ping => Self::Ping,
            Request::Configure { .. } => Self::Configure,
            Request::MapPatch { .. } => Self::MapPatch,
            Request::RegisterUnwind { .. } => Self::RegisterUnwind,
            Request::Publish { .. } => Self::Publish,
            Request::LookUp { .. } => Self::LookUp,
        }
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ping => "sign of life",
            Self::Configure => "announcing the jump table",
            Self::MapPatch => "mapping the patch",
            Self::RegisterUnwind => "registering unwind tables",
            Self::Publish => "publishing the patch",
            Self::LookUp => "looking up dynamic symbols",
        })
    }
}

/// An answer to a request that had been given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateAnswer {
    /// What had been asked.
    pub kind: RequestKind,
    /// What it came to after all.
    pub result: Result<(), ClientError>,
}

/// What a stub answered, short of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    Unwinding(Unwinding),
    Addresses(Vec<u64>),
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    /// Received, but not yet a whole frame.
    inbox: Vec<u8>,
    /// The rest of a request that was begun.
    outbox: Vec<u8>,
    last_sequence: u32,
    given_up: Vec<(u32, RequestKind)>,
    late: Vec<LateAnswer>,
    /// Why nothing more can be said, once that is so.
    broken: Option<String>,
}

impl Connection {
    /// Behind the handshake. `stream` does not block.
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
            last_sequence: 0,
            given_up: Vec::new(),
            late: Vec::new(),
            broken: None,
        }
    }

    /// Sends a request and waits for its answer.
    pub(super) fn exchange(
        &mut self,
        request: &Request<'_>,
        patience: Duration,
    ) -> Result<Reply, ClientError> {
        let kind = RequestKind::of(request);
        let deadline = Instant::now() + patience;
        self.last_sequence = self.last_sequence.wrapping_add(1);
        let sequence = self.last_sequence;
        let mut frame = vec![0; FrameHeader::BYTES + MAX_BODY];
        let length = request.encode(sequence, &mut frame).map_err(|error| {
            ClientError::new(
                &codes::STUB_REFUSED,
                format!("{kind}: the message cannot be written: {error:?}"),
            )
        })?;
        frame.truncate(length);
        let mut begun = false;
        loop {
            self.flush();
            if self.outbox.is_empty() && !begun && self.broken.is_none() {
                begun = true;
                self.outbox = std::mem::take(&mut frame);
                self.flush();
                if self.outbox.len() == length {
                    // Nothing of it has left: it can still be taken back.
                    frame = std::mem::take(&mut self.outbox);
                    begun = false;
                }
            }
            self.receive();
            if let Some(result) = self.answer_to(sequence, kind) {
                return result;
            }
            if let Some(why) = &self.broken {
                return Err(ClientError::new(
                    &codes::NOT_CONNECTED,
                    format!("{kind}: {why}"),
                ));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                if begun {
                    self.given_up.push((sequence, kind));
                }
                return Err(ClientError::new(
                    &codes::STUB_TIMEOUT,
                    format!("{kind}: no answer within {:.1} s", patience.as_secs_f64()),
                ));
            }
            let waits_to_send = !begun || !self.outbox.is_empty();
            self.wait(left, waits_to_send);
        }
    }

    /// An answer that does not fit the question: nothing that comes from there can be relied on any more.
    pub(super) fn nonsense(&mut self, kind: RequestKind, reply: &Reply) -> ClientError {
        let why = format!("the program's stub gave an answer of another kind ({reply:?})");
        self.broken = Some(why.clone());
        ClientError::new(&codes::NOT_CONNECTED, format!("{kind}: {why}"))
    }

    /// Whether the other end is still there, without waiting.
    pub(super) fn is_open(&mut self) -> bool {
        self.receive();
        self.take_late_answers();
        self.broken.is_none()
    }

    pub(super) fn late_answers(&mut self) -> Vec<LateAnswer> {
        self.receive();
        self.take_late_answers();
        std::mem::take(&mut self.late)
    }

    /// Waits until something can be received (or sent), the other end is gone, or `left` is over.
    fn wait(&self, left: Duration, waits_to_send: bool) {
        let mut events = PollFlags::IN;
        if waits_to_send {
            events |= PollFlags::OUT;
        }
        // Rounded up: a rest below the clock's unit must not become a busy loop.
        let left = left.max(Duration::from_millis(1));
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        // An error here (EINTR) only means that the loop around looks again.
        let _ = poll(&mut [PollFd::new(&self.stream, events)], Some(&timeout));
    }

    fn flush(&mut self) {
        while !self.outbox.is_empty() && self.broken.is_none() {
            match self.stream.write(&self.outbox) {
                Ok(sent) => {
                    self.outbox.drain(..sent);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.broken = Some(format!(
                        "the program's end of the connection is closed ({error})"
                    ));
                }
            }
        }
    }

    /// Takes in whatever has arrived. What arrived before an end is still there to be read.
    fn receive(&mut self) {
        let mut buffer = [0; 16 * 1024];
        // A peer that sends without end is cut off; the limit is far above all that can be on its way.
        while self.inbox.len() < 4 * (FrameHeader::BYTES + MAX_BODY) {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.broken.get_or_insert_with(|| {
                        "the program's end of the connection is closed (it ended, executed another program, or closed its files)".into()
                    });
                    return;
                }
                Ok(got) => self
                    .inbox
                    .extend_from_slice(buffer.get(..got).unwrap_or(&[])),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.broken.get_or_insert_with(|| {
                        format!("the program's end of the connection is closed ({error})")
                    });
                    return;
                }
            }
        }
    }

    /// The next whole frame: sequence number, and the what the stub replied.
    fn next_frame(&mut self) -> Option<(u32, Result<Reply, Refusal>)> {
        let (header, rest) = self.inbox.split_first_chunk::<{ FrameHeader::BYTES }>()?;
        let header = match FrameHeader::decode(header) {
            Ok(header) => header,
            Err(error) => {
                self.give_up(format!(
                    "the program's stub sent a message with a wrong header ({error:?})"
                ));
                return None;
            }
        };
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let body = rest.get(..length)?;
        let frame = match Answer::decode(header.kind, body) {
            Ok(Answer::Done) => Ok(Reply::Done),
            Ok(Answer::Unwinding(unwinding)) => Ok(Reply::Unwinding(unwinding)),
            Ok(Answer::Addresses(addresses)) => Ok(Reply::Addresses(addresses.iter().collect())),
            Ok(Answer::Refused { step, errno }) => Err(Refusal { step, errno }),
            Err(error) => {
                self.give_up(format!(
                    "the program's stub sent an answer that cannot be understood ({error:?})"
                ));
                return None;
            }
        };
        self.inbox.drain(..FrameHeader::BYTES + length);
        Some((header.sequence, frame))
    }

    fn give_up(&mut self, why: String) {
        self.inbox.clear();
        self.broken.get_or_insert(why);
    }

    /// The answer to `sequence`, if it is among what has arrived; late ones before it are put aside.
    fn answer_to(
        &mut self,
        sequence: u32,
        kind: RequestKind,
    ) -> Option<Result<Reply, ClientError>> {
        while let Some((number, frame)) = self.next_frame() {
            if number == sequence {
                return Some(frame.map_err(|refusal| ClientError::refused(kind, refusal)));
            }
            self.put_aside(number, frame.map(drop));
        }
        None
    }

    fn take_late_answers(&mut self) {
        while let Some((number, frame)) = self.next_frame() {
            self.put_aside(number, frame.map(drop));
        }
    }

    fn put_aside(&mut self, number: u32, result: Result<(), Refusal>) {
        match self
            .given_up
            .iter()
            .position(|(given_up, _)| *given_up == number)
        {
            Some(at) => {
                let (_, kind) = self.given_up.swap_remove(at);
                let result = result.map_err(|refusal| ClientError::refused(kind, refusal));
                self.late.push(LateAnswer { kind, result });
            }
            None => self.give_up(format!(
                "the program's stub answered message {number}, which was never sent"
            )),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

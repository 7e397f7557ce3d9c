//! The stub's life: start when the session's variable is there, connect, say who we are, obey.
//!
//! Whatever fails, the program just runs on without: nothing is printed, nothing panics, nothing of the program's
//! is held while we wait.
#![allow(
    clippy::cast_possible_truncation,
    reason = "addresses have 64 bits on every target that the stub is built for"
)]

use core::ffi::{CStr, c_int, c_void};
use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use crate::arena::{Arena, Refusal};
use crate::phdr::{self, Announcement};
use crate::protocol::{
    Addresses, Answer, FrameHeader, Hello, MAX_BODY, Prelude, Rendezvous, Request, Step,
    TOKEN_BYTES, Unwinding, VERSION, Welcome, Writer,
};
use crate::sys::{self, Errno, Socket};
use crate::table::{Constants, Table};

/// [`crate::protocol::ENVIRONMENT_VARIABLE`] for the C library.
const VARIABLE: &CStr = c"CARGO_HOTPATCH_SOCKET";
const FRAME: usize = FrameHeader::BYTES + MAX_BODY;
const PT_LOAD: u32 = 1;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
/// Executable segments of the main program that are remembered; linkers make one.
const MAX_EXECUTABLE: usize = 4;
/// Read-only parts of the main program that are remembered; linkers make two or three.
const MAX_CONSTANT: usize = 8;

/// Where the main program is.
struct Image {
    bias: u64,
    range: Range<usize>,
    executable: [Range<usize>; MAX_EXECUTABLE],
    /// Whole pages that the program never writes to once it runs.
    constant: [Range<usize>; MAX_CONSTANT],
}

impl Image {
    fn find() -> Option<Self> {
        let (mut lowest, mut highest) = (usize::MAX, 0);
        let mut image = Self {
            bias: 0,
            range: 0..0,
            executable: [const { 0..0 }; MAX_EXECUTABLE],
            constant: [const { 0..0 }; MAX_CONSTANT],
        };
        phdr::visit_main_program(&mut |object, headers| {
            image.bias = object.bias;
            let mut executable = image.executable.iter_mut();
            let mut constant = image.constant.iter_mut();
            for header in headers {
                // The loader maps whole pages of a segment. Of what it protects after relocation, it leaves out the last page
                // unless that is whole.
                let round_up = match header.kind {
                    PT_LOAD if header.flags & (PF_X | PF_W) == 0 => 4095,
                    PT_GNU_RELRO => 0,
                    _ => continue,
                };
                let start = object.bias.wrapping_add(header.virtual_address) as usize;
                let end = start.saturating_add(header.memory_size as usize);
                if let Some(place) = constant.next() {
                    *place = start & !4095..end.saturating_add(round_up) & !4095;
                }
            }
            for header in headers.iter().filter(|header| header.kind == PT_LOAD) {
                let start = object.bias.wrapping_add(header.virtual_address) as usize;
                let end = start.wrapping_add(header.memory_size as usize);
                (lowest, highest) = (lowest.min(start), highest.max(end));
                if header.flags & (PF_X | PF_W) == PF_X
                    && let Some(place) = executable.next()
                {
                    // The loader maps whole pages; a region that ends a segment may use the rest of its last one.
                    *place = start..end.saturating_add(4095) & !4095;
                }
            }
        });
        image.range = lowest..highest;
        (lowest < highest).then_some(image)
    }
}

/// Everything that the agent's thread owns. It lives in a mapping of its own, since nothing here allocates.
struct Agent {
    socket: Socket,
    token: [u8; TOKEN_BYTES],
    image: Image,
    arena: Arena,
    table: Table,
    inbox: [u8; FRAME],
    outbox: [u8; FRAME],
}

/// The agent, between [`start`], which makes it, and the thread, which takes it. `Release`/`Acquire`, though
/// `pthread_create` orders the two as well.
static AGENT: AtomicPtr<Agent> = AtomicPtr::new(ptr::null_mut());

/// The socket, for the child's side of a fork. Written once by [`start`], before there is any other thread; read by
/// [`forked`], in whichever thread forks. `Relaxed`: threads made later see what was written before they began.
static SOCKET_FILE: AtomicI32 = AtomicI32::new(-1);
static SOCKET_DEVICE: AtomicU64 = AtomicU64::new(0);
static SOCKET_INODE: AtomicU64 = AtomicU64::new(0);

/// Starts the agent if this process was started by a session. Called once, before `main`.
pub(crate) fn start() {
    // SAFETY: this runs in the main program's initialisers, first of them: no thread that the program makes exists yet, and
    // nobody changes the environment meanwhile.
    let Some(value) = (unsafe { sys::environment_variable(VARIABLE) }) else {
        return;
    };
    if let Ok(rendezvous) = Rendezvous::parse(value) {
        start_agent(&rendezvous);
    }
    // SAFETY: the program's threads do not exist yet; ours uses no part of the environment, and `value` is not used again.
    unsafe { sys::forget_environment_variable(VARIABLE) };
}

fn start_agent(rendezvous: &Rendezvous<'_>) -> Option<()> {
    let image = Image::find()?;
    let memory = sys::map_zeros(size_of::<Agent>()).ok()?.cast::<Agent>();
    let arena = Arena::reserve(image.range.clone())?;
    let announcement = Announcement::prepare(arena.start(), arena.length(), rendezvous.directory);
    let (Some(announcement), Ok(socket)) = (announcement, Socket::connect(rendezvous.socket))
    else {
        arena.release();
        return None;
    };
    SOCKET_DEVICE.store(socket.device, Ordering::Relaxed);
    SOCKET_INODE.store(socket.inode, Ordering::Relaxed);
    SOCKET_FILE.store(socket.file, Ordering::Relaxed);
    // SAFETY: the mapping is new, zeroed, large enough and page-aligned; the buffers may be zero. Each field is
    // written before anybody reads it, and without the 120 KiB of buffers passing over the stack.
    unsafe {
        (&raw mut (*memory).socket).write(socket);
        (&raw mut (*memory).token).write(rendezvous.token);
        (&raw mut (*memory).image).write(image);
        (&raw mut (*memory).arena).write(arena);
        (&raw mut (*memory).table).write(Table::default());
    }
    AGENT.store(memory, Ordering::Release);
    if sys::at_fork_in_child(forked).is_err() || sys::start_thread(run).is_err() {
        socket.close();
        return None;
    }
    Announcement::publish(announcement);
    Some(())
}

/// The child of a fork has no agent thread; its copy of the socket would only keep the tool from seeing the parent's end.
extern "C" fn forked() {
    sys::preserving_errno(|| {
        let file: c_int = SOCKET_FILE.swap(-1, Ordering::Relaxed);
        if file >= 0 {
            let device = SOCKET_DEVICE.load(Ordering::Relaxed);
            let inode = SOCKET_INODE.load(Ordering::Relaxed);
            Socket {
                file,
                device,
                inode,
            }
            .close();
        }
    });
}

extern "C" fn run(_: *mut c_void) -> *mut c_void {
    sys::name_thread(c"cargo-hotpatch");
    let agent = AGENT.swap(ptr::null_mut(), Ordering::Acquire);
    if !agent.is_null() {
        // SAFETY: `start_agent` completed it, and the swap gave it to this thread alone. It is never given back.
        let agent = unsafe { &mut *agent };
        // Either the tool has gone or it no longer makes sense; both end in a program without a session.
        let _: Result<(), Errno> = agent.speak();
        agent.socket.close();
    }
    ptr::null_mut()
}

impl Agent {
    fn speak(&mut self) -> Result<(), Errno> {
        self.shake_hands()?;
        loop {
            let mut header = [0; FrameHeader::BYTES];
            self.socket.receive(&mut header)?;
            // A frame that is too long can be neither read nor skipped with any certainty: the connection ends.
            let header = FrameHeader::decode(&header).map_err(|_| Errno::PIPE)?;
            let (body, results) = self
                .inbox
                .split_at_mut_checked(header.length as usize)
                .ok_or(Errno::PIPE)?;
            self.socket.receive(body)?;
            let answer = match Request::decode(header.kind, body) {
                Ok(Some(request)) => obey(
                    &request,
                    &self.image,
                    &mut self.arena,
                    &mut self.table,
                    results,
                ),
                Ok(None) => Err(Refusal::new(Step::UnknownKind)),
                Err(_) => Err(Refusal::new(Step::Malformed)),
            };
            let answer = answer.unwrap_or_else(|refusal| Answer::Refused {
                step: refusal.step,
                errno: refusal.errno.0,
            });
            let length = answer
                .encode(header.sequence, &mut self.outbox)
                .map_err(|_| Errno::PIPE)?;
            self.socket
                .send(self.outbox.get(..length).ok_or(Errno::PIPE)?)?;
        }
    }

    fn shake_hands(&mut self) -> Result<(), Errno> {
        let mut hello = [0; Prelude::BYTES + Hello::BYTES];
        let mut writer = Writer::new(&mut hello);
        Hello {
            token: self.token,
            pid: sys::process_id(),
            load_bias: self.image.bias,
            arena_start: self.arena.start() as u64,
            arena_bytes: self.arena.length() as u64,
        }
        .encode(&mut writer);
        self.socket.send(&hello)?;
        let mut prelude = [0; Prelude::BYTES];
        self.socket.receive(&mut prelude)?;
        let prelude = Prelude::decode(&prelude).map_err(|_| Errno::PIPE)?;
        if prelude.version != VERSION || prelude.length as usize != Welcome::BYTES {
            return Err(Errno::PIPE);
        }
        let mut welcome = [0; Welcome::BYTES];
        self.socket.receive(&mut welcome)?;
        match Welcome::decode(&welcome) {
            Ok(Welcome::Accepted) => Ok(()),
            Ok(Welcome::Refused) | Err(_) => Err(Errno::PIPE),
        }
    }
}

/// Does what is asked. `results` is room for addresses.
fn obey<'a>(
    request: &Request<'_>,
    image: &Image,
    arena: &mut Arena,
    table: &mut Table,
    results: &'a mut [u8],
) -> Result<Answer<'a>, Refusal> {
    match *request {
        Request::Ping => {}
        Request::Configure {
            region_start,
            region_bytes,
        } => {
            table.configure(region_start, region_bytes, &image.executable)?;
        }
        Request::MapPatch { path, ref segments } => arena.map_patch(path, segments)?,
        Request::RegisterUnwind { eh_frame } => {
            if !arena.is_mapped(eh_frame) {
                return Err(Refusal::new(Step::NotMapped));
            }
            let Some(register) = sys::register_frame() else {
                return Ok(Answer::Unwinding(Unwinding::NoUnwinder));
            };
            // SAFETY: the address is in a patch that was mapped, and patches stay mapped for ever; that there is an `.eh_frame`
            // which ends with a zero length is the tool's promise.
            unsafe { register(ptr::with_exposed_provenance(eh_frame as usize)) };
            return Ok(Answer::Unwinding(Unwinding::Registered));
        }
        Request::Publish {
            path,
            ref constants,
            region_start,
            region_bytes,
            expires,
        } => {
            let constants = Constants {
                pages: constants.as_slice(),
                program: &image.constant,
                is_in_patch: &|address| arena.is_mapped(address),
            };
            table.publish(path, region_start, region_bytes, constants, expires)?;
        }
        Request::LookUp { names } => {
            let mut writer = Writer::new(results);
            for name in names.iter() {
                writer.u64(sys::dynamic_symbol(name));
            }
            let too_long = |_| Refusal::new(Step::AnswerTooLong);
            let length = writer.finish().map_err(too_long)?;
            let bytes = results.get(..length).unwrap_or(&[]);
            return Ok(Answer::Addresses(Addresses::new(bytes).map_err(too_long)?));
        }
    }
    Ok(Answer::Done)
}

//! What a file holds, now and before.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Larger files (data that is built in) are compared by hash only.
const LARGEST_KEPT: usize = 16 << 20;

/// What was last reported of a file.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// It changed after the build read it: whatever it holds is a change.
    Unknown,
    /// There was no such file.
    Missing,
    /// It had this content.
    File {
        /// Of the content.
        hash: blake3::Hash,
        /// Unless it was too large.
        content: Option<Arc<[u8]>>,
    },
}

/// What a look at a file showed.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// Nothing, a directory, a pipe, or something that may not be read.
    Missing,
    /// A regular file.
    File {
        /// Of the content.
        hash: blake3::Hash,
        /// All of it.
        content: Arc<[u8]>,
        /// The inode's change time.
        changed: SystemTime,
    },
}

impl Seen {
    pub(super) fn new(content: &[u8], changed: SystemTime) -> Self {
        Self::File {
            hash: blake3::hash(content),
            content: content.into(),
            changed,
        }
    }
}

impl Known {
    pub(super) fn from_seen(seen: &Seen) -> Self {
        match seen {
            Seen::Missing => Self::Missing,
            Seen::File { hash, content, .. } => Self::File {
                hash: *hash,
                content: (content.len() <= LARGEST_KEPT).then(|| content.clone()),
            },
        }
    }

    /// Whether `seen` holds what is known.
    pub(super) fn is(&self, seen: &Seen) -> bool {
        match (self, seen) {
            (Self::Missing, Seen::Missing) => true,
            (Self::File { hash: known, .. }, Seen::File { hash: seen, .. }) => known == seen,
            _ => false,
        }
    }

    pub(super) fn content(&self) -> Option<Arc<[u8]>> {
        match self {
            Self::File { content, .. } => content.clone(),
            Self::Unknown | Self::Missing => None,
        }
    }
}

/// Looks at a file. Whatever can't be read counts as missing: the compiler could not read it either.
///
/// # Errors
/// When this process has no descriptors or memory to look at anything: that says nothing of the file.
pub(super) fn observe(path: &Path) -> std::io::Result<Seen> {
    const TROUBLES: [i32; 5] = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOMEM,
        libc::EAGAIN,
        libc::EIO,
    ];
    match read(path) {
        Ok(seen) => Ok(seen.unwrap_or(Seen::Missing)),
        Err(error)
            if error
                .raw_os_error()
                .is_some_and(|code| TROUBLES.contains(&code)) =>
        {
            Err(error)
        }
        Err(_) => Ok(Seen::Missing),
    }
}

fn read(path: &Path) -> std::io::Result<Option<Seen>> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    // Not blocking: a pipe may have been put in the file's place since.
    let mut file: File = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(
        usize::try_from(metadata.len())
            .unwrap_or(0)
            .min(LARGEST_KEPT),
    );
    file.read_to_end(&mut content)?;
    Ok(Some(Seen::new(&content, change_time(&file.metadata()?))))
}

/// `st_ctime`. The kernel's clock for it is coarse: up to a tick behind the true time (4 ms at 250 Hz; 5.4 were seen on a busy
/// virtual machine, 2 to 3 in the median), never ahead. So what is measured from it is too long rather than too short.
fn change_time(metadata: &std::fs::Metadata) -> SystemTime {
    let seconds = Duration::from_secs(u64::try_from(metadata.ctime()).unwrap_or(0));
    let nanoseconds = Duration::from_nanos(u64::try_from(metadata.ctime_nsec()).unwrap_or(0));
    SystemTime::UNIX_EPOCH + seconds + nanoseconds
}

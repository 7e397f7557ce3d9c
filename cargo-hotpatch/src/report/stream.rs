//! Where lines for machines go. A file takes them at once. A FIFO or a pipe has room for so many (64 KiB), and must not hold the
//! session up when nobody reads it.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long one line waits for a reader.
const PATIENCE: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// A file, or the writing end of a FIFO.
#[derive(Debug)]
pub struct Stream {
    file: File,
    /// A line has waited in vain: the next ones do not wait, until there is room again.
    is_stuck: bool,
}

impl Stream {
    /// Opens `path` for appending; it is created if it does not exist.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut options = File::options();
        options.append(true).create(true);
        if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
            // Reading as well: to open it waits for no reader then, and a reader may come and go.
            options.read(true).custom_flags(libc::O_NONBLOCK);
        }
        Ok(Self {
            file: options.open(path)?,
            is_stuck: false,
        })
    }

    fn has_room(&self) -> bool {
        let mut polled = [PollFd::new(&self.file, PollFlags::OUT)];
        matches!(poll(&mut polled, Some(&PATIENCE)), Ok(ready) if ready > 0)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_stuck = self.is_stuck || !self.has_room();
                    if self.is_stuck {
                        return Err(Error::new(ErrorKind::WouldBlock, "nobody reads it"));
                    }
                }
                result => {
                    self.is_stuck &= result.is_err();
                    return result;
                }
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

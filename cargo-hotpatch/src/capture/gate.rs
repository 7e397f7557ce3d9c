//! A build whose link waits: the linker shim shows the objects that it is about to link, and goes on once the session allows it.
//! Both halves on one page.
//!
//! | session's half ([`Gate`])                         | shim's half ([`ask`])                              |
//! |---------------------------------------------------|----------------------------------------------------|
//! | listens at a path in the session's own directory  | connects to the path in `CARGO_HOTPATCH_GATE`      |
//! | reads the list, to the end of the stream          | writes its objects as JSON, closes its direction   |
//! | writes one byte, or closes                      | has linked meanwhile; waits before it replaces what the last link left |
//!
//! Nobody but this user can reach the directory. Whoever is refused ends in error, as it does when the session is gone.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::record::ObjectRef;
use crate::guard;

/// For the linker shim: where to ask. Not set for a build that nobody holds back.
pub const GATE: &str = "CARGO_HOTPATCH_GATE";

/// The session's answer.
const ALLOWED: u8 = b'+';

/// A link that waits. Dropped without [`Self::allow`], it is refused.
#[derive(Debug)]
pub struct WaitingLink {
    /// All objects of the workspace's units that are linked, where the compiler put them. They are there for as long as the
    /// link waits.
    pub objects: Vec<ObjectRef>,
    /// Every other object and archive of the link.
    pub libraries: Vec<PathBuf>,
    /// As [`LinkRecord::shared`](super::record::LinkRecord::shared).
    pub shared: Vec<(PathBuf, String)>,
    stream: UnixStream,
}

/// What the shim shows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    /// See [`WaitingLink::objects`].
    pub objects: Vec<ObjectRef>,
    /// See [`WaitingLink::libraries`].
    pub libraries: Vec<PathBuf>,
    /// See [`WaitingLink::shared`].
    pub shared: Vec<(PathBuf, String)>,
}

impl WaitingLink {
    /// Lets the link go on. If it is gone, the build says so.
    pub fn allow(mut self) {
        let _ = self.stream.write_all(&[ALLOWED]);
    }
}

/// The session's half, for one build. Links that wait when it is dropped are not concerned; later ones find nobody.
#[derive(Debug)]
pub struct Gate {
    path: PathBuf,
}

impl Gate {
    /// Listens at `path`, where nothing may be, and hands over every link that waits, from a thread of its own.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub fn open(
        path: PathBuf,
        mut on_link: impl FnMut(WaitingLink) + Send + 'static,
    ) -> Result<Self> {
        let listener = UnixListener::bind(&path)
            .with_context(|| format!("cannot listen at `{}`", path.display()))?;
        guard::spawn("gate", move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut text = Vec::new();
                if stream.read_to_end(&mut text).is_err() {
                    continue;
                }
                // From the drop: nobody asks with nothing.
                if text.is_empty() {
                    return;
                }
                // A shim that was killed while it wrote is no link.
                if let Ok(shown) = serde_json::from_slice::<Shown>(&text) {
                    on_link(WaitingLink {
                        objects: shown.objects,
                        libraries: shown.libraries,
                        shared: shown.shared,
                        stream,
                    });
                }
            }
        })
        .context("cannot start the thread that listens for links")?;
        Ok(Self { path })
    }

    /// For the build's environment.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // Wakes the thread, which ends.
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The shim's half: a link that was shown to the session.
#[derive(Debug)]
pub struct Asked(UnixStream);

/// Shows the session a link. `None` when this build is not held back.
///
/// # Errors
/// When the session is gone.
pub fn ask(shown: &Shown) -> Result<Option<Asked>> {
    match std::env::var_os(GATE).filter(|path| !path.is_empty()) {
        Some(path) => ask_at(Path::new(&path), shown).map(Some),
        None => Ok(None),
    }
}

fn ask_at(path: &Path, shown: &Shown) -> Result<Asked> {
    let gone = || format!("no session at `{}`", path.display());
    let text = serde_json::to_vec(shown).context("cannot encode the list of objects")?;
    let mut stream = UnixStream::connect(path).with_context(gone)?;
    stream.write_all(&text).with_context(gone)?;
    stream.shutdown(Shutdown::Write).with_context(gone)?;
    Ok(Asked(stream))
}

impl Asked {
    /// Waits for the answer.
    ///
    /// # Errors
    /// When it is no, or the session is gone.
    pub fn wait(mut self) -> Result<()> {
        let mut answer = [0];
        self.0
            .read_exact(&mut answer)
            .ok()
            .filter(|()| answer == [ALLOWED])
            .context("the session has no use for this link")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn object() -> ObjectRef {
        ObjectRef {
            unit: "app-1".into(),
            cgu: "abc".into(),
            id: "01234567".into(),
            path: "/t/app-1.abc.rcgu.o".into(),
            offset: 0,
            len: 7,
        }
    }

    fn shown() -> Shown {
        Shown {
            objects: vec![object()],
            shared: vec![("/x/libd.so".into(), "00".into())],
            libraries: vec!["/t/liba.rlib".into()],
        }
    }

    #[test]
    fn who_asks_waits_for_the_answer() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let (sender, inbox) = channel();
        let gate = Gate::open(room.path().join("gate"), move |link| {
            let _ = sender.send(link);
        })
        .expect("it listens");
        for is_allowed in [true, false, true] {
            let asked = ask_at(gate.path(), &shown()).expect("somebody listens");
            let link = inbox.recv_timeout(PATIENCE).expect("it was asked");
            assert_eq!(link.objects, shown().objects);
            assert_eq!(link.libraries, shown().libraries);
            if is_allowed {
                link.allow();
            } else {
                drop(link);
            }
            assert_eq!(asked.wait().is_ok(), is_allowed);
        }
        // Half a list is no question.
        let mut stream = UnixStream::connect(gate.path()).expect("somebody listens");
        stream.write_all(b"{\"objects\":[").expect("written");
        drop(stream);
        let path = gate.path().to_owned();
        drop(gate);
        assert!(ask_at(&path, &shown()).is_err(), "nobody listens");
        // The thread has ended, and with it the sender.
        assert!(inbox.recv_timeout(PATIENCE).is_err());
    }
}

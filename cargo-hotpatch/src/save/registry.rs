//! Which sessions run, and of which workspaces: one small file for each in a directory of the user's own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::real;
use crate::options::SaveOptions;

/// Of the file.
const VERSION: u32 = 1;
/// `sockaddr_un` holds this many bytes with the zero at the end.
const LONGEST_SOCKET_PATH: usize = 107;

/// A running session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    version: u32,
    /// The tool's process.
    pub pid: u32,
    /// When that process started, in the kernel's ticks: tells it from a later one with the same id.
    started: u64,
    /// Where it listens.
    pub socket: PathBuf,
    /// The workspace first, then other directories it watches; without symbolic links.
    roots: Vec<OsString>,
}

impl Session {
    /// The workspace's directory.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        self.roots
            .first()
            .map_or(Path::new("/"), |root| Path::new(root))
    }

    fn is_alive(&self) -> bool {
        start_of_process(self.pid) == Some(self.started)
    }

    fn holds(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }
}

/// A session on the list; dropping it takes it off.
#[derive(Debug)]
pub(super) struct Registration {
    session: Session,
    file: PathBuf,
}

impl Registration {
    /// Puts this process on the list, in the first of `directories` that will do.
    pub(super) fn new(directories: &[PathBuf], roots: &[PathBuf]) -> Result<(Self, UnixListener)> {
        let mut failures = Vec::new();
        for directory in directories {
            match Self::new_in(directory, roots) {
                Ok(made) => return Ok(made),
                Err(error) => failures.push(format!("{error:#}")),
            }
        }
        bail!(
            "`cargo hotpatch save` cannot reach this session: {}",
            failures.join("; ")
        )
    }

    fn new_in(directory: &Path, roots: &[PathBuf]) -> Result<(Self, UnixListener)> {
        make_private(directory)?;
        remove_dead(directory);
        let pid = std::process::id();
        let socket = directory.join(format!("{pid}.socket"));
        if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
            bail!(
                "`{}` is too long for a socket ({LONGEST_SOCKET_PATH} bytes)",
                socket.display()
            );
        }
        // Of an earlier process with this id.
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("cannot listen on `{}`", socket.display()))?;
        let started = start_of_process(pid).context("cannot read when this process started")?;
        let roots = roots
            .iter()
            .map(|root| real(root).into_os_string())
            .collect();
        let session = Session {
            version: VERSION,
            pid,
            started,
            socket,
            roots,
        };
        let file = directory.join(format!("{pid}.json"));
        // Made under another name first: readers see all of it or nothing.
        let unfinished = directory.join(format!("{pid}.new"));
        let text = serde_json::to_vec(&session).context("cannot write the session as JSON")?;
        fs::write(&unfinished, text)
            .and_then(|()| fs::rename(&unfinished, &file))
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok((Self { session, file }, listener))
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_file(&self.session.socket);
    }
}

/// Where sessions may be listed, best first. Both sides look at all of them, since an editor that was started by the
/// desktop and a shell over ssh do not have the same environment.
#[must_use]
pub fn directories() -> Vec<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let mut found: Vec<PathBuf> = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .into_iter()
        .chain([PathBuf::from(format!("/run/user/{user}"))])
        .filter(|directory| directory.is_absolute() && directory.is_dir())
        .map(|directory| directory.join("cargo-hotpatch"))
        .collect();
    found.push(PathBuf::from(format!("/tmp/cargo-hotpatch-{user}")));
    found.dedup();
    found
}

/// Makes the directory, or makes sure that it is this user's own and nobody else's to look into.
fn make_private(directory: &Path) -> Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot create `{}`", directory.display()));
        }
    }
    let metadata = fs::symlink_metadata(directory)
        .with_context(|| format!("cannot look at `{}`", directory.display()))?;
    let user = rustix::process::getuid().as_raw();
    if !metadata.is_dir() || metadata.uid() != user {
        bail!(
            "`{}` is not a directory of this user (it belongs to user {})",
            directory.display(),
            metadata.uid()
        );
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot make `{}` private", directory.display()))?;
    }
    Ok(())
}

/// All sessions on the list, dead ones too.
fn listed(directory: &Path) -> Vec<(PathBuf, Session)> {
    // Another user's directory of that name is not believed.
    let is_own = fs::symlink_metadata(directory)
        .is_ok_and(|found| found.is_dir() && found.uid() == rustix::process::getuid().as_raw());
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    if !is_own {
        return Vec::new();
    }
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| {
            let session: Session = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
            (session.version == VERSION).then_some((path, session))
        })
        .collect()
}

fn remove_dead(directory: &Path) {
    for (file, session) in listed(directory) {
        if !session.is_alive() {
            let _ = fs::remove_file(&file);
            // Named by a file in our own directory, but still: only what lies beside it.
            if session.socket.parent() == Some(directory) {
                let _ = fs::remove_file(&session.socket);
            }
        }
    }
}

/// The sessions that `save` means: those of the files' workspaces, else those of the directory's, else those below it.
pub(super) fn sessions_for(directories: &[PathBuf], options: &SaveOptions) -> Result<Vec<Session>> {
    let (alive, dead): (Vec<Session>, Vec<Session>) = directories
        .iter()
        .flat_map(|directory| listed(directory))
        .map(|(_, session)| session)
        .partition(Session::is_alive);
    let directory = real(&options.directory);
    let files: Vec<PathBuf> = if options.directory_was_named {
        Vec::new()
    } else {
        options.files.iter().map(|file| real(file)).collect()
    };
    let pick = |sessions: &[Session]| {
        let mut picked: Vec<Session> = sessions
            .iter()
            .filter(|session| files.iter().any(|file| session.holds(file)))
            .cloned()
            .collect();
        if picked.is_empty() {
            picked = sessions
                .iter()
                .filter(|session| session.holds(&directory))
                .cloned()
                .collect();
        }
        if picked.is_empty() {
            picked = sessions
                .iter()
                .filter(|session| session.workspace().starts_with(&directory))
                .cloned()
                .collect();
        }
        picked
    };
    let picked = pick(&alive);
    if !picked.is_empty() {
        return Ok(picked);
    }
    let place = files.first().unwrap_or(&directory).display();
    let hint = "(hint: `cargo hotpatch run` starts one)";
    if let Some(ended) = pick(&dead).first() {
        bail!(
            "the session of `{}` (process {}) has ended without a word {hint}",
            ended.workspace().display(),
            ended.pid
        );
    }
    if alive.is_empty() {
        bail!("no session runs for `{place}` {hint}");
    }
    let others: Vec<String> = alive
        .iter()
        .map(|session| format!("`{}`", session.workspace().display()))
        .collect();
    bail!(
        "no session runs for `{place}`, only for {} {hint}",
        others.join(", ")
    )
}

/// Field 22 of `/proc/<pid>/stat`: when it started, in ticks since boot.
fn start_of_process(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; counting begins behind it, with field 3.
    stat.rsplit_once(") ")?
        .1
        .split_ascii_whitespace()
        .nth(19)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(directory: &Path) -> SaveOptions {
        SaveOptions {
            files: Vec::new(),
            directory: directory.to_owned(),
            directory_was_named: false,
            quiet: false,
            color: false,
            reached: None,
        }
    }

    #[test]
    fn a_dead_session_is_named_and_later_removed() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let runtime = room.path().join("runtime");
        make_private(&runtime).expect("made");
        let session = Session {
            version: VERSION,
            pid: 1,
            started: u64::MAX,
            socket: runtime.join("1.socket"),
            roots: vec![real(room.path()).into_os_string()],
        };
        let file = runtime.join("1.json");
        fs::write(&file, serde_json::to_vec(&session).expect("JSON")).expect("written");
        fs::write(runtime.join("2.json"), "nonsense").expect("written");
        let directories = [runtime.clone()];
        let error = sessions_for(&directories, &options(room.path())).expect_err("it is dead");
        let text = format!("{error:#}");
        assert!(
            text.contains("process 1")
                && text.contains("has ended")
                && text.contains("cargo hotpatch run"),
            "{text}"
        );
        let (registration, _listener) =
            Registration::new(&directories, &[room.path().to_owned()]).expect("listed");
        assert!(!file.exists(), "the next session cleans up");
        assert_eq!(
            sessions_for(&directories, &options(room.path())).expect("found"),
            [registration.session().clone()]
        );
        let error =
            sessions_for(&directories, &options(Path::new("/usr"))).expect_err("another place");
        assert!(format!("{error:#}").contains("only for"), "{error:#}");
    }

    #[test]
    fn the_directory_is_private_or_not_used() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let open = room.path().join("open");
        fs::create_dir(&open).expect("created");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("opened");
        make_private(&open).expect("made private");
        assert_eq!(
            fs::metadata(&open).expect("there").permissions().mode() & 0o777,
            0o700
        );
        let link = room.path().join("link");
        std::os::unix::fs::symlink(&open, &link).expect("linked");
        assert!(make_private(&link).is_err(), "a link may lead anywhere");
        let long = room.path().join("x".repeat(100));
        let error = Registration::new(&[long, PathBuf::from("/proc/nowhere")], &[])
            .expect_err("neither will do");
        let text = format!("{error:#}");
        assert!(
            text.contains("too long") && text.contains("/proc/nowhere"),
            "{text}"
        );
    }

    #[test]
    fn a_process_id_that_is_used_again_is_another_process() {
        let own = std::process::id();
        assert!(start_of_process(own).is_some());
        assert_eq!(start_of_process(u32::MAX), None);
    }
}

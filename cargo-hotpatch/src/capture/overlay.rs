//! Lets a compiler read a file's unsaved content at the file's own path.
//!
//! The compiler knows no virtual files, and from a copy at another path it would compile something else: paths are in debug
//! info, in panic messages and in what the incremental directory is compared by. So the compiler is started in a mount
//! namespace of its own, in which another file is bound over the path. Nobody else sees that; nothing on disk changes, and it
//! ends with the compiler.
//!
//! ```text
//! cargo-hotpatch overlay CONTENT PATH [PROGRAM ARGUMENTS…]     binds CONTENT over PATH, then becomes the program
//! ```

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::check::Unsaved;

/// The subcommand's name. It is not for people, so [`crate::cli`] does not know it.
pub const COMMAND: &str = "overlay";
/// What this role ends with when it could not become the program: no compiler ends with it.
const FAILED: u8 = 125;

/// Content that takes the place of a file's.
#[derive(Debug)]
pub struct Overlay {
    content: tempfile::NamedTempFile,
    path: PathBuf,
    executable: PathBuf,
}

impl Overlay {
    /// Writes the content to a file of its own, and makes sure that this system lets it be bound over the path.
    ///
    /// # Errors
    /// When the path is no file, and when the system does not allow namespaces to ordinary users.
    pub fn new(unsaved: &Unsaved) -> Result<Self> {
        let path = unsaved.path.canonicalize().with_context(|| {
            format!(
                "`{}` has to exist for its unsaved content to be compiled",
                unsaved.path.display()
            )
        })?;
        let mut content = tempfile::Builder::new()
            .prefix("cargo-hotpatch-unsaved-")
            .tempfile()
            .context("cannot make a file for the unsaved content")?;
        content
            .write_all(&unsaved.content)
            .context("cannot write the unsaved content")?;
        let executable =
            std::env::current_exe().context("cannot find the path of this executable")?;
        let overlay = Self {
            content,
            path,
            executable,
        };
        let tried = overlay
            .around(None)
            .stdin(Stdio::null())
            .output()
            .context("cannot run this executable")?;
        if !tried.status.success() {
            bail!(
                "this system does not let unsaved content be laid over `{}`: {}",
                overlay.path.display(),
                String::from_utf8_lossy(&tried.stderr).trim()
            );
        }
        Ok(overlay)
    }

    /// The command that runs `command` (program and arguments; nothing, if `None`) with the content in place. Its environment and
    /// directory are still to be set.
    #[must_use]
    pub fn around(&self, command: Option<&Command>) -> Command {
        let mut outer = Command::new(&self.executable);
        outer.arg(COMMAND).arg(self.content.path()).arg(&self.path);
        if let Some(command) = command {
            outer.arg(command.get_program()).args(command.get_args());
        }
        outer
    }
}

/// The role: `arguments` are what stands behind [`COMMAND`]. Returns only when it did not become a program.
#[must_use]
pub fn main(arguments: &[OsString]) -> u8 {
    let [content, path, command @ ..] = arguments else {
        return FAILED;
    };
    if let Err(error) = lay(Path::new(content), Path::new(path)) {
        eprintln!("{error:#}");
        return FAILED;
    }
    let Some((program, arguments)) = command.split_first() else {
        return 0;
    };
    let error = Command::new(program).args(arguments).exec();
    eprintln!("cannot run `{}`: {error}", program.display());
    FAILED
}

fn lay(content: &Path, path: &Path) -> Result<()> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    // SAFETY: file descriptors stay shared; and this process has one thread.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
        .context("no user and mount namespace")?;
    // Who we are stays the same, so that what the compiler writes belongs to the user.
    let own = |name: &str, line: String| {
        fs::write(format!("/proc/self/{name}"), line)
            .with_context(|| format!("cannot write /proc/self/{name}"))
    };
    own("setgroups", "deny".to_owned())?;
    own("uid_map", format!("{0} {0} 1", user.as_raw()))?;
    own("gid_map", format!("{0} {0} 1", group.as_raw()))?;
    mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )
    .context("the mounts cannot be made private")?;
    mount_bind(content, path).with_context(|| {
        format!(
            "cannot bind `{}` over `{}`",
            content.display(),
            path.display()
        )
    })
}

//! Real files, real events. Every wait has a deadline and ends with the event it waits for; where *nothing* is expected,
//! a marker file is saved afterwards, and the marker's change must be the next one.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

struct Room {
    directory: tempfile::TempDir,
    watcher: Watcher,
    changes: Receiver<Change>,
}

impl Room {
    /// Watches `names` in a new directory where those that end in `!` do not exist yet; the others hold their own name.
    fn new(names: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (sender, changes) = channel();
        let mut watcher = Watcher::new(move |change| drop(sender.send(change))).expect("a watcher");
        let mut files = vec![directory.path().join("marker")];
        for name in names {
            let path = directory.path().join(name.trim_end_matches('!'));
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            if !name.ends_with('!') {
                fs::write(&path, name).expect("a file");
            }
            files.push(path);
        }
        watcher.set_files(files.into_iter()).expect("watched");
        Self {
            directory,
            watcher,
            changes,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn next(&self) -> Vec<(String, Option<String>)> {
        let change = self
            .changes
            .recv_timeout(DEADLINE)
            .expect("a change before the deadline");
        change
            .files
            .into_iter()
            .map(|file| {
                let name = file
                    .path
                    .strip_prefix(self.directory.path())
                    .expect("in the room")
                    .display()
                    .to_string();
                (
                    name,
                    file.content
                        .map(|content| String::from_utf8_lossy(&content).into_owned()),
                )
            })
            .collect()
    }

    #[track_caller]
    fn expect(&self, expected: &[(&str, Option<&str>)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned)))
            .collect();
        assert_eq!(self.next(), expected);
    }

    /// Nothing was reported, and nothing is on its way.
    #[track_caller]
    fn expect_nothing(&self) {
        // Longer than anything in doubt may take.
        assert!(
            self.changes.recv_timeout(batch::LONGEST).is_err(),
            "nothing was to be reported"
        );
        fs::write(self.path("marker"), format!("{:?}", Instant::now())).expect("the marker");
        assert_eq!(self.next()[0].0, "marker");
    }
}

#[test]
fn in_place() {
    let room = Room::new(&["a.rs"]);
    fs::write(room.path("a.rs"), "new").expect("written");
    room.expect(&[("a.rs", Some("new"))]);
    assert_eq!(
        room.watcher.content(&room.path("a.rs")).as_deref(),
        Some(&b"new"[..])
    );
    room.expect_nothing();
}

#[test]
fn in_place_in_pieces_is_one_change() {
    use std::io::Write as _;
    let room = Room::new(&["a.rs"]);
    let mut file = fs::File::create(room.path("a.rs")).expect("truncated");
    for piece in ["one ", "two ", "three"] {
        file.write_all(piece.as_bytes()).expect("written");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(file);
    room.expect(&[("a.rs", Some("one two three"))]);
    room.expect_nothing();
}

#[test]
fn a_writer_that_never_closes_is_believed_in_the_end() {
    use std::io::Write as _;
    let room = Room::new(&["a.rs"]);
    let mut file = fs::File::options()
        .append(true)
        .open(room.path("a.rs"))
        .expect("opened");
    file.write_all(b"+more").expect("written");
    room.expect(&[("a.rs", Some("a.rs+more"))]);
    drop(file);
    room.expect_nothing();
}

#[test]
fn atomic_rename() {
    let room = Room::new(&["a.rs"]);
    for text in ["new", "newer"] {
        fs::write(room.path(".a.rs.tmp"), text).expect("written");
        fs::rename(room.path(".a.rs.tmp"), room.path("a.rs")).expect("renamed");
        room.expect(&[("a.rs", Some(text))]);
    }
}

#[test]
fn renamed_from_another_directory_and_with_an_old_time() {
    let room = Room::new(&["src/a.rs"]);
    let before = SystemTime::now() - Duration::from_secs(1);
    fs::write(room.path("elsewhere"), "new").expect("written");
    let file = fs::File::options()
        .append(true)
        .open(room.path("elsewhere"))
        .expect("opened");
    file.set_modified(SystemTime::UNIX_EPOCH)
        .expect("an old time");
    fs::rename(room.path("elsewhere"), room.path("src/a.rs")).expect("renamed");
    let change = room.changes.recv_timeout(DEADLINE).expect("a change");
    assert!(change.files[0].modified > before && change.files[0].modified <= SystemTime::now());
}

#[test]
fn backup_by_rename_then_create_like_vim() {
    let room = Room::new(&["a.rs"]);
    fs::write(room.path("4913"), "").expect("vim's probe");
    fs::remove_file(room.path("4913")).expect("removed");
    fs::rename(room.path("a.rs"), room.path("a.rs~")).expect("the backup");
    fs::write(room.path("a.rs"), "new").expect("written");
    fs::remove_file(room.path("a.rs~")).expect("removed");
    room.expect(&[("a.rs", Some("new"))]);
    room.expect_nothing();
}

#[test]
fn delete_and_create_is_one_change() {
    let room = Room::new(&["a.rs"]);
    fs::remove_file(room.path("a.rs")).expect("removed");
    std::thread::sleep(Duration::from_millis(40));
    fs::write(room.path("a.rs"), "new").expect("written");
    room.expect(&[("a.rs", Some("new"))]);
    room.expect_nothing();
}

#[test]
fn truncated_and_closed_then_written_is_one_change() {
    let room = Room::new(&["a.rs"]);
    fs::write(room.path("a.rs"), "").expect("truncated");
    std::thread::sleep(Duration::from_millis(40));
    fs::write(room.path("a.rs"), "new").expect("written");
    room.expect(&[("a.rs", Some("new"))]);
    room.expect_nothing();
}

#[test]
fn emptied_or_deleted_for_good() {
    let room = Room::new(&["a.rs", "b.rs"]);
    fs::write(room.path("a.rs"), "").expect("emptied");
    room.expect(&[("a.rs", Some(""))]);
    fs::remove_file(room.path("b.rs")).expect("removed");
    room.expect(&[("b.rs", None)]);
    assert_eq!(room.watcher.content(&room.path("b.rs")), None);
    fs::write(room.path("b.rs"), "again").expect("written");
    room.expect(&[("b.rs", Some("again"))]);
}

/// In one change or in several: nothing is waited for that may come, the session takes in what belongs to the same save.
#[test]
fn several_files_are_each_reported_once() {
    let room = Room::new(&["a.rs", "b/b.rs", "c.rs"]);
    let names = ["a.rs", "b/b.rs", "c.rs"];
    for name in names {
        fs::write(room.path(name), "new").expect("written");
    }
    let mut reported = Vec::new();
    while reported.len() < names.len() {
        reported.extend(room.next());
    }
    reported.sort();
    assert_eq!(
        reported,
        names.map(|name| (name.to_owned(), Some("new".to_owned())))
    );
    room.expect_nothing();
}

#[test]
fn the_same_content_again_is_nothing() {
    let room = Room::new(&["a.rs"]);
    fs::write(room.path("a.rs"), "a.rs").expect("written");
    fs::File::options()
        .append(true)
        .open(room.path("a.rs"))
        .and_then(|file| file.set_modified(SystemTime::now()))
        .expect("touched");
    fs::write(room.path("copy"), "a.rs").expect("written");
    fs::rename(room.path("copy"), room.path("a.rs")).expect("renamed");
    room.expect_nothing();
}

#[test]
fn deleted_and_restored_is_nothing() {
    let room = Room::new(&["a.rs"]);
    fs::rename(room.path("a.rs"), room.path("stash")).expect("away");
    fs::rename(room.path("stash"), room.path("a.rs")).expect("back");
    room.expect_nothing();
}

#[test]
fn other_files_are_nothing() {
    let room = Room::new(&["a.rs"]);
    for name in [".a.rs.swp", "a.rs~", "#a.rs#", "b.rs"] {
        fs::write(room.path(name), "noise").expect("written");
    }
    room.expect_nothing();
}

#[test]
fn a_burst_ends_with_the_last_content() {
    let room = Room::new(&["a.rs"]);
    for step in 0..200 {
        fs::write(room.path("a.rs"), format!("step {step}")).expect("written");
    }
    let deadline = Instant::now() + DEADLINE;
    // How many of the others are reported as well depends on how fast they are taken.
    while room.next() != [("a.rs".to_owned(), Some("step 199".to_owned()))] {
        assert!(
            Instant::now() < deadline,
            "the last content was never reported"
        );
    }
    room.expect_nothing();
}

#[test]
fn a_directory_or_a_pipe_in_the_files_place() {
    let room = Room::new(&["a.rs", "b.rs"]);
    fs::remove_file(room.path("a.rs")).expect("removed");
    fs::create_dir(room.path("a.rs")).expect("a directory");
    room.expect(&[("a.rs", None)]);
    fs::remove_dir(room.path("a.rs")).expect("removed");
    fs::write(room.path("a.rs"), "file again").expect("written");
    room.expect(&[("a.rs", Some("file again"))]);
    fs::remove_file(room.path("b.rs")).expect("removed");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        room.path("b.rs"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .expect("a pipe");
    room.expect(&[("b.rs", None)]);
}

#[test]
fn a_file_that_comes_later() {
    let room = Room::new(&["new.rs!", "dir/deep/new.rs!"]);
    fs::write(room.path("new.rs"), "hello").expect("written");
    room.expect(&[("new.rs", Some("hello"))]);
    fs::write(room.path("dir/deep/new.rs"), "hello").expect("written");
    room.expect(&[("dir/deep/new.rs", Some("hello"))]);
}

#[test]
fn a_directory_that_is_removed_and_comes_back() {
    let room = Room::new(&["src/deep/a.rs", "src/b.rs"]);
    fs::remove_dir_all(room.path("src")).expect("removed");
    room.expect(&[("src/b.rs", None), ("src/deep/a.rs", None)]);
    fs::create_dir_all(room.path("src/deep")).expect("created");
    fs::write(room.path("src/deep/a.rs"), "back").expect("written");
    room.expect(&[("src/deep/a.rs", Some("back"))]);
    fs::write(room.path("src/deep/a.rs"), "and watched").expect("written");
    room.expect(&[("src/deep/a.rs", Some("and watched"))]);
}

#[test]
fn a_directory_that_is_swapped() {
    let room = Room::new(&["src/a.rs"]);
    fs::create_dir(room.path("other")).expect("created");
    fs::write(room.path("other/a.rs"), "other branch").expect("written");
    fs::rename(room.path("src"), room.path("old")).expect("away");
    fs::rename(room.path("other"), room.path("src")).expect("in its place");
    room.expect(&[("src/a.rs", Some("other branch"))]);
    fs::write(room.path("old/a.rs"), "not ours any more").expect("written");
    room.expect_nothing();
}

#[test]
fn symbolic_links_of_files_and_directories() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name);
    for version in ["one", "two"] {
        fs::create_dir(path(version)).expect("created");
        fs::write(path(version).join("real.rs"), version).expect("written");
    }
    symlink("one", path("src")).expect("linked");
    symlink("real.rs", path("one/link.rs")).expect("linked");
    symlink("real.rs", path("two/link.rs")).expect("linked");
    let (sender, changes) = channel();
    let mut watcher = Watcher::new(move |change| drop(sender.send(change))).expect("a watcher");
    let given = path("src/link.rs");
    watcher
        .set_files(std::iter::once(given.clone()))
        .expect("watched");
    let next = || {
        let change: Change = changes.recv_timeout(DEADLINE).expect("a change");
        assert_eq!(change.files.len(), 1);
        assert_eq!(change.files[0].path, given);
        String::from_utf8_lossy(change.files[0].content.as_deref().expect("it exists")).into_owned()
    };
    fs::write(path("one/real.rs"), "through two links").expect("written");
    assert_eq!(next(), "through two links");
    symlink("two", path("src.new")).expect("linked");
    fs::rename(path("src.new"), path("src")).expect("pointed elsewhere");
    assert_eq!(next(), "two");
    fs::write(path("two/real.rs"), "followed").expect("written");
    assert_eq!(next(), "followed");
}

#[test]
fn the_set_is_replaced_and_known_contents_stay() {
    let mut room = Room::new(&["a.rs", "b.rs"]);
    let (a, b) = (room.path("a.rs"), room.path("b.rs"));
    fs::write(&b, "new").expect("written");
    room.expect(&[("b.rs", Some("new"))]);
    let snapshot = room.watcher.snapshot();
    room.watcher
        .set_files([b.clone(), room.path("marker")].into_iter())
        .expect("watched");
    fs::write(&a, "not watched").expect("written");
    room.expect_nothing();
    assert_eq!(room.watcher.content(&a), None);
    assert_eq!(snapshot.content(&a).as_deref(), Some(&b"a.rs"[..]));
    fs::write(&b, "a.rs").expect("written");
    room.expect(&[("b.rs", Some("a.rs"))]);
    assert_eq!(
        snapshot.content(&b).as_deref(),
        Some(&b"new"[..]),
        "a snapshot does not move"
    );
}

#[test]
fn what_changed_after_the_build_began_is_reported() {
    let mut room = Room::new(&[]);
    fs::write(room.path("old.rs"), "old").expect("written");
    std::thread::sleep(Duration::from_millis(20));
    let build = SystemTime::now();
    std::thread::sleep(Duration::from_millis(20));
    fs::write(room.path("new.rs"), "new").expect("written");
    let files = [
        room.path("old.rs"),
        room.path("new.rs"),
        room.path("marker"),
    ];
    room.watcher
        .set_files_read_at(files.into_iter(), build)
        .expect("watched");
    room.expect(&[("new.rs", Some("new"))]);
    room.expect_nothing();
}

#[test]
fn check_now_believes_at_once() {
    let room = Room::new(&["a.rs", "b.rs"]);
    let (a, b) = (room.path("a.rs"), room.path("b.rs"));
    assert!(room.watcher.check_now(None).is_empty());
    fs::remove_file(&a).expect("removed");
    fs::write(&b, "").expect("emptied");
    let mut reported = room.watcher.check_now(None);
    // The events may have been quicker than the question, but both files are reported exactly once.
    while reported.len() < 2 {
        reported.extend(
            room.changes
                .recv_timeout(DEADLINE)
                .expect("a change")
                .files
                .into_iter()
                .map(|file| file.path),
        );
    }
    reported.sort();
    reported.dedup();
    assert_eq!(reported, [a.clone(), b.clone()]);
    while room.changes.try_recv().is_ok() {}
    fs::write(&b, "new").expect("written");
    let link = room.path("link.rs");
    symlink(&b, &link).expect("linked");
    let _ = room.watcher.check_now(Some(&[link, room.path("not-ours")]));
    room.expect(&[("b.rs", Some("new"))]);
    room.expect_nothing();
}

#[test]
fn limits_become_advice() {
    let error = advise(
        notify::Error::new(notify::ErrorKind::MaxFilesWatch),
        Some(Path::new("/src")),
    );
    let text = format!("{error:#}");
    assert!(
        text.contains("`/src`") && text.contains("max_user_watches"),
        "{text}"
    );
    let error = advise(
        notify::Error::io(std::io::Error::from_raw_os_error(libc::EMFILE)),
        None,
    );
    assert!(format!("{error:#}").contains("max_user_instances"));
}

/// Not an assertion on a busy machine's speed, but a guard against a fixed long wait.
#[test]
fn a_save_is_seen_early() {
    let room = Room::new(&["a.rs"]);
    let mut quickest = DEADLINE;
    for step in 0..20 {
        let text = format!("step {step}");
        let begin = Instant::now();
        fs::write(room.path("a.rs"), &text).expect("written");
        room.expect(&[("a.rs", Some(&text))]);
        quickest = quickest.min(begin.elapsed());
    }
    assert!(quickest < Duration::from_millis(40), "{quickest:?}");
}

#[test]
fn a_directory_stands_for_all_that_comes_into_it() {
    let mut room = Room::new(&["words/a"]);
    let words = room.path("words");
    room.watcher
        .set_files([room.path("marker"), room.path("words/a"), words].into_iter())
        .expect("watched");
    let next = |room: &Room| -> Vec<String> {
        let change = room.changes.recv_timeout(DEADLINE).expect("a change");
        let name = |file: ChangedFile| {
            let path = file
                .path
                .strip_prefix(room.directory.path())
                .expect("in the room");
            format!(
                "{}={}",
                path.display(),
                file.content.map_or(0, |content| content.len())
            )
        };
        change.files.into_iter().map(name).collect()
    };
    fs::write(room.path("words/b"), "bb").expect("a file");
    assert_eq!(next(&room), ["words/b=2"]);
    fs::write(room.path("words/b"), "bbb").expect("a file");
    assert_eq!(next(&room), ["words/b=3"]);
    // A whole directory, by one rename.
    fs::create_dir_all(room.path("aside/deep")).expect("a directory");
    fs::write(room.path("aside/deep/c"), "c").expect("a file");
    fs::rename(room.path("aside"), room.path("words/new")).expect("moved");
    assert_eq!(next(&room), ["words/new/deep/c=1"]);
    fs::write(room.path("words/new/deep/d"), "dd").expect("a file");
    assert_eq!(next(&room), ["words/new/deep/d=2"]);
    fs::remove_file(room.path("words/b")).expect("removed");
    assert_eq!(next(&room), ["words/b=0"]);
}

/// A directory is watched a moment after it came, and what came into it meanwhile has made no event.
#[test]
fn what_comes_into_a_new_directory_is_never_missed() {
    let mut room = Room::new(&[]);
    let whole = room.path("whole");
    fs::create_dir(&whole).expect("a directory");
    let files = [room.path("marker"), whole.clone()];
    room.watcher.set_files(files.into_iter()).expect("watched");
    for turn in 0..60_u32 {
        let directory = whole.join(format!("{turn}"));
        fs::create_dir(&directory).expect("a directory");
        // Anywhere between the directory's event and the watch.
        std::thread::sleep(Duration::from_micros(40 * u64::from(turn)));
        fs::write(directory.join("file"), "one").expect("written");
        let expected = format!("whole/{turn}/file");
        let mut seen = None;
        while seen.as_deref() != Some("one") {
            // An empty file may be seen first.
            let found = room.next().into_iter().find(|(name, _)| *name == expected);
            seen = found.and_then(|(_, text)| text).or(seen);
        }
        fs::write(directory.join("file"), "two").expect("written");
        let found = room.next().into_iter().find(|(name, _)| *name == expected);
        assert!(found.is_some(), "an edit of {expected}");
    }
}

//! Both sides of the exchange, over real sockets.

use super::*;
use crate::event::{OutcomeKind, Timings};
use std::sync::Mutex;

pub(super) fn outcome(kind: OutcomeKind) -> Outcome {
    Outcome {
        outcome: kind,
        functions: Vec::new(),
        reason: None,
        notes: Vec::new(),
        timings_ms: Timings::default(),
        patch: None,
        pid: None,
        way: None,
        full_because: None,
        diagnostics: None,
    }
}

struct Room {
    directory: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    fn runtime(&self) -> Vec<PathBuf> {
        vec![self.directory.path().join("runtime")]
    }

    fn workspace(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(path.join("src")).expect("created");
        path
    }

    fn serve(
        &self,
        name: &str,
        answer: impl Fn(SaveRequest) + Send + Sync + 'static,
    ) -> ControlServer {
        let on_asked = move |asked| match asked {
            Asked::Save(request) => answer(request),
            Asked::Check(_) => panic!("nobody asked for that"),
        };
        ControlServer::bind_in(&self.runtime(), &[self.workspace(name)], on_asked)
            .expect("it listens")
    }

    fn save(&self, directory: &Path, files: &[PathBuf]) -> Result<Vec<Reply>> {
        let options = SaveOptions {
            files: files.to_vec(),
            directory: directory.to_owned(),
            directory_was_named: false,
            quiet: false,
            color: false,
            reached: None,
        };
        ask_all(&self.runtime(), &options)
    }
}

#[test]
fn an_editor_asks_and_is_told() {
    let room = Room::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let _server = room.serve("app", move |request| {
        record.lock().expect("not poisoned").push(request.files);
        let reply = SaveReply {
            outcome: outcome(OutcomeKind::CompileError),
            diagnostics: vec!["\x1b[1merror\x1b[0m: no".into()],
            reached: None,
        };
        request.reply.send(reply).expect("the connection waits");
    });
    let workspace = room.workspace("app");
    let file = workspace.join("src/main.rs");
    let replies = room
        .save(&workspace.join("src"), std::slice::from_ref(&file))
        .expect("it answers");
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].exit_code, exit_code::COMPILE_ERROR);
    assert_eq!(
        replies[0].text,
        "error: no\n       Error the source does not compile; the program runs on\n"
    );
    assert_eq!(room.save(&workspace, &[]).expect("it answers").len(), 1);
    assert_eq!(
        *seen.lock().expect("not poisoned"),
        [Some(vec![file]), None]
    );
}

#[test]
fn files_find_their_session_from_anywhere() {
    let room = Room::new();
    let answer = |kind| {
        move |request: SaveRequest| request.reply.send(outcome(kind).into()).expect("it waits")
    };
    let _one = room.serve("one", answer(OutcomeKind::Patched));
    // A session of the same process id would take the first one's place, so the second is another directory's.
    let elsewhere = Room::new();
    let _two = elsewhere.serve("two", answer(OutcomeKind::Restarted));
    let options = |directory: &Path, files: Vec<PathBuf>| SaveOptions {
        files,
        directory: directory.to_owned(),
        directory_was_named: false,
        quiet: true,
        color: false,
        reached: None,
    };
    let directories = [room.runtime(), elsewhere.runtime()].concat();
    let (one, two) = (room.workspace("one"), elsewhere.workspace("two"));
    let code = |found: Vec<Reply>| {
        found
            .iter()
            .map(|reply| reply.exit_code)
            .collect::<Vec<_>>()
    };
    let ask = |options: SaveOptions| code(ask_all(&directories, &options).expect("an answer"));
    assert_eq!(ask(options(&one, Vec::new())), [exit_code::OK]);
    assert_eq!(ask(options(&two, Vec::new())), [exit_code::RESTARTED]);
    assert_eq!(
        ask(options(Path::new("/"), vec![two.join("src/gone.rs")])),
        [exit_code::RESTARTED]
    );
    assert_eq!(
        ask(options(&one, vec![two.join("src/gone.rs")])),
        [exit_code::RESTARTED],
        "the file tells"
    );
    assert_eq!(
        ask(options(room.directory.path(), Vec::new())),
        [exit_code::OK],
        "a workspace below"
    );
}

#[test]
fn without_a_session_it_is_said() {
    let room = Room::new();
    let workspace = room.workspace("app");
    let error = room.save(&workspace, &[]).err().expect("no session");
    assert!(
        format!("{error:#}").contains("cargo hotpatch run"),
        "{error:#}"
    );
    drop(room.serve("app", |_| {}));
    assert!(
        room.save(&workspace, &[]).is_err(),
        "the session took itself off the list"
    );
}

#[test]
fn a_session_that_ends_without_an_outcome_is_said() {
    let room = Room::new();
    let _server = room.serve("app", drop);
    let error = room
        .save(&room.workspace("app"), &[])
        .err()
        .expect("no outcome");
    assert!(
        format!("{error:#}").contains("ended before the outcome"),
        "{error:#}"
    );
}

#[test]
fn nonsense_and_other_versions_are_refused_and_harm_nothing() {
    let room = Room::new();
    let server = room.serve("app", |request| {
        request
            .reply
            .send(outcome(OutcomeKind::Unchanged).into())
            .expect("the connection waits");
    });
    let socket = &server.registration.session().socket;
    for (message, complaint) in [
        (&b"nonsense\n"[..], "version"),
        (b"{\"version\":99}\n", "two versions"),
        (b"{\"version\":2}\n", "two versions"),
        (b"{\"version\":3}\n", "form"),
        (b"{\"version\":3", "before its end"),
    ] {
        let mut connection = UnixStream::connect(socket).expect("connected");
        connection.write_all(message).expect("sent");
        connection
            .shutdown(std::net::Shutdown::Write)
            .expect("shut");
        let reply: Reply = receive(&connection)
            .expect("understood")
            .expect("an answer");
        assert_eq!(reply.exit_code, exit_code::FAILURE);
        assert!(reply.text.contains(complaint), "{}", reply.text);
    }
    drop(UnixStream::connect(socket).expect("connected and gone"));
    assert_eq!(
        room.save(&room.workspace("app"), &[])
            .expect("it still answers")[0]
            .exit_code,
        exit_code::OK
    );
}

#[test]
fn the_gravest_outcome_decides() {
    let mut codes = [
        exit_code::OK,
        exit_code::FAILURE,
        exit_code::RESTARTED,
        exit_code::COMPILE_ERROR,
        exit_code::REFUSED,
    ];
    codes.sort_by_key(|code| gravity(*code));
    assert_eq!(codes, [0, 10, 11, 12, 1]);
}

//! The programs of `docs/consuming-tokens.md`, run as they stand there but for path, address and pause: each goes on over a token
//! that is replaced, and over one that is refused.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{
    mounted_secret::MountedSecret,
    pages::{blocks, repository},
    reader_api::{ReaderApi, Seen},
};

const PAGE: &str = "docs/consuming-tokens.md";
const TOKEN_FILE: &str = "/var/run/tracktik/access_token";
const ADDRESS: &str = "https://acme.staffr.net";

/// Of a program on the page: its language, the file to put it into, and the pause between two calls, with a short one instead.
struct Reader {
    language: &'static str,
    file: &'static str,
    pause: [&'static str; 2],
}

/// A program that runs, and ends when this is dropped, or when this process is gone.
struct Running {
    child: Child,
    errors: PathBuf,
    _folder: TempDir,
}

impl Running {
    /// Starts the command with the program's file behind it.
    fn start(command: &[&str], program: &Path, folder: TempDir) -> Self {
        let errors = folder.path().join("errors");
        // The program's own end is not the test's to wait for: what ends is the standard input, whatever becomes of us.
        let mut supervised = Command::new("sh");
        supervised
            .args(["-c", "\"$@\" & cat >/dev/null; kill $!", "sh"])
            .args(command)
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap());
        let child = supervised.spawn().unwrap();
        Self {
            child,
            errors,
            _folder: folder,
        }
    }

    /// What it has complained of.
    fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    async fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().await.unwrap();
    }
}

impl Reader {
    /// The one program of this language on the page that calls the API in a loop.
    fn program(&self) -> String {
        let programs: Vec<String> = blocks(PAGE)
            .into_iter()
            .filter(|block| block.language == self.language && block.text.contains(ADDRESS))
            .map(|block| block.text)
            .collect();
        assert_eq!(programs.len(), 1, "{}", self.language);
        programs.into_iter().next().unwrap()
    }

    /// The program in a file of its own, made to read that token and to call that API.
    fn written(&self, mounted: &MountedSecret, api: &ReaderApi) -> (TempDir, PathBuf) {
        let mut program = self.program();
        let file = mounted.token_file();
        for [from, to] in [[TOKEN_FILE, file.to_str().unwrap()], [ADDRESS, &api.url()], self.pause] {
            assert_eq!(
                program.matches(from).count(),
                1,
                "{from} in {}: {program}",
                self.language
            );
            program = program.replace(from, to);
        }
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(self.file);
        fs::write(&path, program).unwrap();
        (folder, path)
    }

    async fn reads_the_file_for_each_call(&self, command: &[&str]) {
        let api = ReaderApi::start().await;
        let mounted = Arc::new(MountedSecret::new("token-1"));
        let (folder, program) = self.written(&mounted, &api);
        api.accept(&["token-1"]);
        let running = Running::start(command, &program, folder);
        goes_on_over_every_change(&api, &mounted, &running).await;
        running.end().await;
    }
}

/// A program that not every machine has: the one on the PATH, or that of a package of Debian's.
async fn program(name: &str, package: &str) -> PathBuf {
    let mut script = Command::new(repository().join("tools/debian-program.sh"));
    let found = script.args([name, package]).output().await.unwrap();
    let complaint = String::from_utf8_lossy(&found.stderr);
    assert!(
        found.status.success(),
        "there is no {name} to run the example with:\n{complaint}"
    );
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
}

async fn goes_on_over_every_change(api: &ReaderApi, mounted: &Arc<MountedSecret>, running: &Running) {
    let accepted = |token: &'static str| move |seen: &[Seen]| seen.iter().any(|one| one.accepted && one.token == token);
    let seen = api.seen_after(0, "a first call", accepted("token-1")).await;
    assert_eq!(seen[0].path, "/rest/v1/employees");

    // Renewed as by default: both are good, and the file changes.
    api.accept(&["token-1", "token-2"]);
    mounted.update("token-2");
    api.seen_after(0, "a call with the new token", accepted("token-2"))
        .await;

    // Revoked, and the file changes while the refused call is under way: repeated at once, and nobody is told of an error.
    let changing = Arc::clone(mounted);
    api.before_refusal(move || changing.update("token-3"));
    let count = api.count();
    api.accept(&["token-3"]);
    let seen = api.seen_after(count, "the call repeated", accepted("token-3")).await;
    let refused = seen.iter().filter(|one| !one.accepted).count();
    assert_eq!(refused, 1, "{seen:?}");
    assert_eq!(
        running.errors(),
        "",
        "a program has complained though each call came through"
    );

    // Refused for longer than one call: told of, and over with the next token.
    let count = api.count();
    api.accept(&[]);
    let refusals = |seen: &[Seen]| seen.iter().filter(|one| !one.accepted).count() >= 5;
    api.seen_after(count, "calls that are refused", refusals).await;
    assert!(!running.errors().is_empty(), "refusals are told of");
    api.accept(&["token-4"]);
    mounted.update("token-4");
    api.seen_after(count, "a call with the last token", accepted("token-4"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl() {
    let reader = Reader {
        language: "sh",
        file: "reader.sh",
        pause: ["sleep 60", "sleep 0.05"],
    };
    let folder = program("curl", "curl").await.with_file_name("");
    let shell = [
        "sh",
        "-c",
        "PATH=$1:$PATH exec sh \"$2\"",
        "sh",
        folder.to_str().unwrap(),
    ];
    reader.reads_the_file_for_each_call(&shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    let reader = Reader {
        language: "python",
        file: "reader.py",
        pause: ["time.sleep(60)", "time.sleep(0.05)"],
    };
    reader.reads_the_file_for_each_call(&["python3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node() {
    let reader = Reader {
        language: "js",
        file: "reader.mjs",
        pause: ["setTimeout(60_000)", "setTimeout(50)"],
    };
    reader.reads_the_file_for_each_call(&["node"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    let reader = Reader {
        language: "go",
        file: "main.go",
        pause: ["60 * time.Second", "50 * time.Millisecond"],
    };
    let api = ReaderApi::start().await;
    let mounted = Arc::new(MountedSecret::new("token-1"));
    let (folder, program) = reader.written(&mounted, &api);
    let binary = folder.path().join("reader");
    // `go run` would leave the program behind when it is killed itself.
    let mut build = Command::new("go");
    build
        .args(["build", "-o"])
        .args([&binary, &program])
        .current_dir(folder.path());
    // Nothing but what comes with Go.
    build
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("CGO_ENABLED", "0");
    let output = build.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    api.accept(&["token-1"]);
    let running = Running::start(&["env"], &binary, folder);
    goes_on_over_every_change(&api, &mounted, &running).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn php() {
    let php = program("php", "php-cli").await;
    let reader = Reader {
        language: "php",
        file: "reader.php",
        pause: ["sleep(60)", "usleep(50_000)"],
    };
    reader.reads_the_file_for_each_call(&[php.to_str().unwrap()]).await;
}

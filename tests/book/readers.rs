//! The programs of `docs/consuming-tokens.md`, run as they stand there but for path, address and pause: each plays
//! all scenes of `scenes.rs`.

use std::{fs, path::PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    pages::{blocks, repository},
    running::Running,
    scenes::Stage,
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
    fn written(&self, stage: &Stage) -> (TempDir, PathBuf) {
        let mut program = self.program();
        let file = stage.mounted.token_file();
        for [from, to] in [
            [TOKEN_FILE, file.to_str().unwrap()],
            [ADDRESS, &stage.api.url()],
            self.pause,
        ] {
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

    async fn plays_all_scenes(&self, command: &[&str]) {
        let stage = Stage::new().await;
        let (folder, program) = self.written(&stage);
        stage.play(Running::start(command, &program, folder)).await;
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
    reader.plays_all_scenes(&shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    let reader = Reader {
        language: "python",
        file: "reader.py",
        pause: ["time.sleep(60)", "time.sleep(0.05)"],
    };
    reader.plays_all_scenes(&["python3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node() {
    let reader = Reader {
        language: "js",
        file: "reader.mjs",
        pause: ["setTimeout(60_000)", "setTimeout(50)"],
    };
    reader.plays_all_scenes(&["node"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    let reader = Reader {
        language: "go",
        file: "main.go",
        pause: ["60 * time.Second", "50 * time.Millisecond"],
    };
    let stage = Stage::new().await;
    let (folder, program) = reader.written(&stage);
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
    stage.play(Running::start(&["env"], &binary, folder)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn php() {
    let php = program("php", "php-cli").await;
    let reader = Reader {
        language: "php",
        file: "reader.php",
        pause: ["sleep(60)", "usleep(50_000)"],
    };
    reader.plays_all_scenes(&[php.to_str().unwrap()]).await;
}

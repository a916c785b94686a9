//! The process around the controller: settings, log, probes, metrics, the way to the API server, start and end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

mod dashboard;
mod fake_api_server;
mod flags;
mod help;
mod logged;
mod metric_names;
mod metric_reference;
mod operator_process;
mod probes;
mod refusals;
mod start_and_end;

use std::{fs, path::Path};

/// Compares with a file that is kept in the repository; `UPDATE_GOLDEN=1` writes it instead.
#[track_caller]
fn assert_golden(path: &str, now: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, now).expect("the golden file can be written");
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == now,
        "{path} is not what the code gives now; run UPDATE_GOLDEN=1 cargo test\n---\n{now}"
    );
}

/// A file of a test, in a directory of its own.
fn temporary(name: &str, content: &str) -> std::path::PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("process-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory can be made");
    let file = directory.join(name);
    fs::write(&file, content).expect("a file can be written");
    file
}

//! What the documents have people look at, looked at as it stands there: each `kubectl get` and `auth can-i` of their commands, on a
//! cluster where the operator runs and the credential `acme` is ready.

use std::{fs, path::Path, process::Command};

use serde_json::json;
use testbed::{control_plane::ControlPlane, manifests::apply};

use crate::{kubectl, path};

const PAGES: [&str; 4] = [
    "docs/tasks.md",
    "docs/troubleshooting.md",
    "docs/installation.md",
    "docs/quick-start.md",
];

/// Kinds that only some clusters have.
const OF_OTHERS: &str = "servicemonitors";

/// The pages, and all runbooks.
fn pages() -> Vec<String> {
    let mut pages = PAGES.map(path).to_vec();
    let runbooks = fs::read_dir(path("docs/runbooks")).unwrap();
    pages.extend(runbooks.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()));
    pages.sort();
    pages
}

/// Up to the first bar that stands in no quotes.
fn before_the_pipe(line: &str) -> &str {
    let closed = |part: &str| ['\'', '"'].iter().all(|quote| part.matches(*quote).count() % 2 == 0);
    let mut bars = line.match_indices(" | ").map(|(at, _)| &line[..at]);
    bars.find(|part| closed(part)).unwrap_or(line)
}

/// The commands of a page that only look, without what a loop would put into them.
fn looks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("```").skip(1).step_by(2);
    let commands = blocks.filter_map(|block| block.strip_prefix("sh\n"));
    let mut looks = Vec::new();
    for block in commands {
        let block = block.replace("\\\n", " ");
        let lines = block.lines().filter_map(|line| line.trim().strip_prefix("kubectl "));
        let lines = lines.map(|line| before_the_pipe(line).split(" #").next().unwrap().trim());
        let only_looks = |line: &&str| line.contains("get ") || line.contains("auth can-i");
        let ends = |line: &&str| !line.contains('$') && !line.ends_with(" -w");
        looks.extend(lines.filter(only_looks).filter(ends).map(str::to_owned));
    }
    looks
}

/// The words, as a shell takes them apart.
fn words(line: &str) -> Vec<String> {
    let shell = Command::new("sh")
        .args(["-c", &format!("printf '%s\\0' {line}")])
        .output()
        .unwrap();
    let words = String::from_utf8(shell.stdout).unwrap();
    words.split_terminator('\0').map(str::to_owned).collect()
}

pub async fn of_the_documents_can_be_run(plane: &ControlPlane) {
    let source = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "acme-service-account", "namespace": "integrations" },
        "stringData": { "client_id": "id" },
    });
    apply(&plane.client().await.unwrap(), &source).await.unwrap();
    let mut run = 0;
    for page in pages() {
        let name = Path::new(&page).file_name().unwrap().to_str().unwrap().to_owned();
        for look in looks(&page).into_iter().filter(|look| !look.contains(OF_OTHERS)) {
            let words = words(&look);
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            // Where a page says once for all which namespace is meant.
            if !words.contains(&"-n") && !words.contains(&"-A") {
                words.splice(0..0, ["-n", "integrations"]);
            }
            let result = kubectl(plane, &words).await;
            assert!(result.is_ok(), "{name}: kubectl {look}: {result:?}");
            run += 1;
        }
    }
    assert!(run >= 25, "{run}");
}

#[test]
fn a_bar_in_quotes_is_no_pipe() {
    assert_eq!(
        before_the_pipe("get a -o jsonpath='{\"x | y\"}' | jq '.a | .b'"),
        "get a -o jsonpath='{\"x | y\"}'"
    );
    assert_eq!(words("get 'a b' \"c\""), ["get", "a b", "c"]);
}

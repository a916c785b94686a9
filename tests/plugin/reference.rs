//! `--help`, completion and version, as they are kept and as shells ask for them.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    golden::assert_golden,
    scene::Scene,
    user::{User, ended, plugin},
};

const COMMANDS: [&str; 10] = [
    "status",
    "describe",
    "check",
    "rotate",
    "suspend",
    "resume",
    "create",
    "token",
    "completion",
    "version",
];

#[tokio::test]
async fn the_reference_of_the_command_line_is_what_help_prints() {
    let mut text = String::new();
    for command in [""].into_iter().chain(COMMANDS) {
        let arguments: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let help = ended(plugin(&arguments)).await.well();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        writeln!(
            text,
            "$ kubectl tracktik {}\n{}\n",
            arguments.join(" "),
            help.join("\n")
        )
        .unwrap();
    }
    assert!(
        !text.contains("__complete") && !text.contains("--password <"),
        "what is not for people stays out"
    );
    assert_golden("docs/reference/kubectl-tracktik.txt", &format!("{}\n", text.trim_end()));
}

/// The page for people has each command, each exit code, and the table as it is.
#[tokio::test]
async fn the_page_for_people_leaves_nothing_out() {
    let text = |path: &str| std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let page = text("docs/kubectl.md");
    assert!(
        page.contains(&text("tests/plugin/golden/status.txt")),
        "the table of docs/kubectl.md is not what is printed"
    );
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for command in COMMANDS {
        let told = headings
            .iter()
            .any(|heading| heading.split(' ').any(|word| word == command));
        assert!(told, "{command} has no heading");
    }
    let help = ended(plugin(&["--help"])).await.well();
    let codes = help.lines().skip_while(|line| *line != "Exit codes:").skip(1);
    for line in codes {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        let row = format!("| {code} | {meaning}");
        assert!(page.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn versions_and_scripts_are_printed() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        ended(plugin(&["version"])).await.well(),
        format!("kubectl-tracktik {version}\n")
    );
    assert_eq!(
        ended(plugin(&["--version"])).await.well(),
        format!("kubectl-tracktik {version}\n")
    );
    let json_version = ended(plugin(&["version", "-o", "json"])).await.well();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&json_version).unwrap(),
        json!({ "version": version })
    );
    for (shell, told) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef kubectl-tracktik"),
        ("fish", "complete -c kubectl-tracktik"),
        ("kubectl", "exec kubectl-tracktik __complete"),
    ] {
        let script = ended(plugin(&["completion", shell])).await.well();
        assert!(script.contains(told), "{shell}: {script}");
    }
    let nothing = ended(plugin(&[])).await;
    assert!(
        nothing.code == Some(2) && nothing.stderr.contains("error: which command?\n\nLooks after"),
        "{}",
        nothing.all()
    );
    let unknown = ended(plugin(&["delete", "hunter2"])).await;
    let list = format!("the commands are {}\n", COMMANDS.join(", "));
    assert!(
        unknown.code == Some(2) && unknown.stderr.ends_with(&list) && !unknown.stderr.contains("hunter2"),
        "{}",
        unknown.all()
    );
    // What was typed may be the beginning of a command's name: taken out, it would mutilate that.
    let short = ended(plugin(&["stat"])).await;
    assert_eq!(short.stderr, format!("error: no such command: {list}"));
    let unsaid = ended(plugin(&["check", "--login"])).await;
    assert!(
        unsaid.code == Some(2) && unsaid.stderr.contains("a NAME, -f FILE or --from-env"),
        "{}",
        unsaid.all()
    );
}

/// As kubectl runs it: <https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/>.
#[tokio::test]
async fn kubectl_finds_the_plugin_and_completes_commands_flags_and_names() {
    let scene = Scene::new("completed").await;
    scene.credential("acme-one", json!({})).await;
    scene.credential("acme-two", json!({})).await;
    scene.credential("other", json!({})).await;
    let user = User::administrator(&scene);
    let complete = async |words: &[&str]| user.run(&[&["__complete", "--"], words].concat()).await.well();
    assert_eq!(complete(&["de"]).await, "describe\n:4\n");
    assert_eq!(complete(&["rotate", "--w"]).await, "--wait\n:4\n");
    let names = complete(&["token", "-n", &scene.namespace, "acme"]).await;
    assert_eq!(names, "acme-one\nacme-two\n:4\n");
    assert_eq!(complete(&["create", ""]).await, ":4\n");

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("kubectl-tracktik");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubectl-tracktik"), &program).unwrap();
    let output = tokio::process::Command::new(scene.plane.programs().join("kubectl"))
        .args(["tracktik", "status", "-n", &scene.namespace, "-o", "json"])
        .env("KUBECONFIG", scene.plane.kubeconfig_path())
        .env("PATH", folder.path())
        .output()
        .await
        .unwrap();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["items"].as_array().unwrap().len(), 3);
}

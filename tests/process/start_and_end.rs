//! The way from the command line to a running operator, and out again.

use std::{net::TcpListener, path::Path};

use crate::{
    fake_api_server::{answering, kubeconfig, silent},
    operator_process::{Ended, Running, command, ended},
    temporary,
};

const VERSION: &str = r#"{"major":"1","minor":"36","gitVersion":"v1.36.4","gitCommit":"","gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;

/// Starts and expects it to give up with exit code 1 and, as the last thing, one line to a person.
async fn gives_up(flags: &[&str]) -> Ended {
    let flags = [&["run", "--listen=127.0.0.1:0"], flags].concat();
    let ended = ended(command(&flags)).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.lines().filter(|line| !line.starts_with('{')).count(),
        1,
        "{}",
        ended.stderr
    );
    assert!(ended.last_line().starts_with("tracktik-operator: "), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    ended
}

#[tokio::test]
async fn without_any_configuration_it_says_what_it_tried() {
    let ended = gives_up(&[]).await;
    for tried in ["KUBECONFIG", "~/.kube/config", "service account", "--kubeconfig"] {
        assert!(ended.last_line().contains(tried), "{}", ended.last_line());
    }
}

#[tokio::test]
async fn a_bad_kubeconfig_is_named_and_not_quoted() {
    let token = "a-token-that-must-not-be-seen";
    let broken = temporary(
        "broken",
        &format!("users: [{{name: t, user: {{token: {{{token}: x}}}}}}]\n"),
    );
    let no_context = temporary("no-context", "apiVersion: v1\nkind: Config\n");
    let no_certificate = temporary(
        "no-certificate",
        &format!(
            "current-context: t\ncontexts: [{{name: t, context: {{cluster: t, user: t}}}}]\n\
             clusters: [{{name: t, cluster: {{server: 'https://127.0.0.1:1', certificate-authority-data: '%'}}}}]\n\
             users: [{{name: t, user: {{token: {token}}}}}]\n"
        ),
    );
    for (file, told) in [
        (Path::new("/nowhere/kubeconfig"), "cannot be read: No such file"),
        (&broken, "is not a kubeconfig in YAML (line 1)"),
        (&no_context, "has no current-context"),
        (&no_certificate, "failed to load certificate authority"),
    ] {
        let file = file.to_str().unwrap();
        let ended = gives_up(&["--kubeconfig", file]).await;
        assert!(
            ended.last_line().contains(&format!("--kubeconfig: {file}: {told}")),
            "{}",
            ended.last_line()
        );
        assert_eq!(ended.stderr.lines().count(), 1, "nothing has begun: {}", ended.stderr);
        assert!(!ended.stderr.contains(token), "{}", ended.stderr);
    }

    // A KUBECONFIG that is there and wrong is not taken for none.
    let mut command = command(&["run", "--listen=127.0.0.1:0"]);
    command.env("KUBECONFIG", &broken);
    let ended = crate::operator_process::ended(command).await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.last_line().contains("KUBECONFIG") && !ended.last_line().contains("pod"),
        "{}",
        ended.last_line()
    );
    assert!(!ended.stderr.contains(token), "{}", ended.stderr);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_and_then_given_up() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = kubeconfig("closed", &format!("http://user:hidden@{closed}"));
    let ended = gives_up(&[
        "--kubeconfig",
        file.to_str().unwrap(),
        "--api-server-patience-seconds=2",
    ])
    .await;
    let line = ended.last_line();
    assert!(
        line.contains(&format!("http://{closed} ")) && line.contains("connection refused"),
        "{line}"
    );
    assert!(!ended.stderr.contains("hidden"), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.matches("waiting up to 2 s for the API server").count(),
        1,
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_server_that_will_never_do_is_given_up_at_once() {
    let unauthorized =
        r#"{"kind":"Status","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
    let refusing = answering("refusing", 401, unauthorized).await;
    let web_site = answering("web-site", 200, "<html>welcome</html>").await;
    for (server, told) in [
        (refusing, "credentials (401)"),
        (web_site, "does not answer /version as Kubernetes does"),
    ] {
        let ended = gives_up(&["--kubeconfig", server.kubeconfig.to_str().unwrap()]).await;
        assert!(ended.last_line().contains(told), "{}", ended.last_line());
        assert!(
            !ended.stderr.contains("welcome"),
            "an answer is not quoted: {}",
            ended.stderr
        );
    }
}

#[tokio::test]
async fn a_taken_port_ends_it_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = kubeconfig("port-taken", "http://127.0.0.1:1");
    let flags = ["run", "--listen", &address, "--kubeconfig", file.to_str().unwrap()];
    let ended = ended(command(&flags)).await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .last_line()
            .contains(&format!("--listen: cannot listen on {address}: ")),
        "{}",
        ended.last_line()
    );
}

#[tokio::test]
async fn it_says_what_is_missing_counts_its_requests_and_ends_when_told_to() {
    let server = answering("good", 200, VERSION).await;
    let mut operator = Running::start(&server.kubeconfig).await;
    let line = operator.logged("connected to the API server").await;
    assert_eq!(line["version"], "v1.36.4");
    // This server knows its version and no list: connected, and still not ready.
    for _watch in ["credentials", "Secrets"] {
        operator.logged("watch failing").await;
    }
    let (code, missing) = operator.get("/readyz").await;
    assert_eq!(code, 503);
    for item in ["credentials in all namespaces: ", "Secrets in all namespaces: "] {
        assert!(missing.contains(item), "{missing}");
    }
    assert_eq!(operator.get("/livez").await.0, 200);
    let (_, metrics) = operator.get("/metrics").await;
    assert!(
        metrics.contains(r#"rest_client_requests_total{code="200",method="GET"}"#),
        "{metrics}"
    );
    let agents = server.user_agents.lock().unwrap().clone();
    assert!(
        agents
            .iter()
            .all(|agent| agent == concat!("tracktik-operator/", env!("CARGO_PKG_VERSION"))),
        "{agents:?}"
    );

    operator.signal("TERM").await;
    operator.logged("stopped").await;
    assert_eq!(operator.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_signal_is_heeded_while_it_waits_for_the_api_server() {
    let (kubeconfig, _held) = silent("silent").await;
    let mut operator = Running::start(&kubeconfig).await;
    let (status, why) = operator.get("/readyz").await;
    assert_eq!((status, why.as_str()), (503, "API server: not looked at yet\n"));
    assert_eq!(operator.get("/livez").await.0, 200);
    operator.signal("INT").await;
    assert_eq!(operator.exit_code().await, Some(0));
}

/// Where nothing listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn secrets_are_not_asked_for_in_clear() {
    // The first of them is this host all the same, should it be dialled.
    let here = format!("http://0.0.0.0:{}", closed_port());
    for server in [here.as_str(), "http://192.0.2.1", "http://localhost.example.com"] {
        let file = kubeconfig("in-clear", server);
        let ended = gives_up(&[
            "--kubeconfig",
            file.to_str().unwrap(),
            "--api-server-patience-seconds=0",
        ])
        .await;
        let told = format!("the API server {server} is not asked without TLS");
        assert!(ended.last_line().contains(&told), "{}", ended.last_line());
    }
}

#[tokio::test]
async fn a_server_that_is_not_verified_is_warned_of() {
    let file = kubeconfig("unverified", &format!("https://127.0.0.1:{}", closed_port()));
    let written = std::fs::read_to_string(&file).unwrap();
    let flags = [
        "--kubeconfig",
        file.to_str().unwrap(),
        "--api-server-patience-seconds=0",
    ];
    let warning = "insecure-skip-tls-verify is set in the kubeconfig";
    assert!(!gives_up(&flags).await.stderr.contains(warning));
    std::fs::write(
        &file,
        written.replace("server:", "insecure-skip-tls-verify: true, server:"),
    )
    .unwrap();
    let ended = gives_up(&flags).await;
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
}

//! Flags and variables: what they become, and what a mistake looks like.

use std::{path::PathBuf, time::Duration};

use tracktik_operator::{
    command_line,
    rotation::gate::Limits,
    settings::{ElectionSettings, LogFormat, NotRun, Request, Settings, parse},
};

use crate::operator_process::{command, ended};

fn settings(flags: &[&str]) -> Result<Settings, NotRun> {
    let line = ["tracktik-operator", "run"].iter().chain(flags);
    match parse(line)? {
        Request::Run(settings) => Ok(*settings),
        Request::Crd => panic!("run was asked for"),
    }
}

fn mistake(arguments: &[&str]) -> String {
    match parse(["tracktik-operator"].iter().chain(arguments)) {
        Err(NotRun::Mistake(line)) => line,
        other => panic!("{arguments:?} gave {other:?}"),
    }
}

#[test]
fn without_flags_the_defaults_hold() {
    let expected = Settings {
        kubeconfig: None,
        namespaces: vec![],
        selector: None,
        election: Some(ElectionSettings {
            lease_name: "tracktik-operator".to_owned(),
            lease_namespace: None,
        }),
        allowed_domains: ["*.staffr.net", "*.staffr.us", "*.staffr.ca"]
            .map(String::from)
            .to_vec(),
        ca_bundle: None,
        listen: "0.0.0.0:8080".parse().unwrap(),
        log_format: LogFormat::Json,
        log_level: "info".to_owned(),
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(40),
        login_limits: Limits::default(),
        api_server_patience: Duration::from_mins(1),
    };
    assert_eq!(settings(&[]), Ok(expected));
}

#[test]
fn each_flag_reaches_its_setting() {
    let given = settings(&[
        "--kubeconfig=/k",
        "--namespace=b,a",
        "--namespace=b",
        "--selector=team in (a,b),!legacy",
        "--leader-elect=true",
        "--lease-name=team-a.operator",
        "--lease-namespace=elsewhere",
        "--allowed-domain=login.example.com:8443",
        "--allowed-domain=*.example.com,10.0.0.1",
        concat!(
            "--ca-bundle=",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/process/authority.pem"
        ),
        "--listen=[::1]:0",
        "--log-format=text",
        "--log-level=warn,tracktik_operator=debug",
        "--connect-timeout-seconds=1",
        "--request-timeout-seconds=60",
        "--api-server-patience-seconds=0",
        "--login-budget=9",
    ])
    .unwrap();
    assert_eq!(given.kubeconfig, Some(PathBuf::from("/k")));
    assert_eq!(given.namespaces, ["a", "b"], "sorted, each once");
    assert_eq!(given.selector.as_deref(), Some("team in (a,b),!legacy"));
    let election = ElectionSettings {
        lease_name: "team-a.operator".to_owned(),
        lease_namespace: Some("elsewhere".to_owned()),
    };
    assert_eq!(given.election, Some(election));
    assert_eq!(settings(&["--leader-elect", "false"]).unwrap().election, None);
    assert_eq!(
        given.allowed_domains,
        ["login.example.com:8443", "*.example.com", "10.0.0.1"],
        "instead of the defaults"
    );
    assert!(given.ca_bundle.is_some());
    assert_eq!(given.listen, "[::1]:0".parse().unwrap());
    assert_eq!(given.log_format, LogFormat::Text);
    assert_eq!(given.log_level, "warn,tracktik_operator=debug");
    assert_eq!(given.connect_timeout, Duration::from_secs(1));
    assert_eq!(given.request_timeout, Duration::from_mins(1));
    assert_eq!(given.api_server_patience, Duration::ZERO);
    assert_eq!(given.login_limits.budget, 9);
}

#[test]
fn a_mistake_is_one_line_that_names_the_flag() {
    let not_pem = crate::temporary(
        "not.pem",
        "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n",
    );
    let empty = crate::temporary("empty.pem", "");
    let long = format!("--namespace={}", "a".repeat(64));
    let not_pem = format!("--ca-bundle={}", not_pem.display());
    let empty = format!("--ca-bundle={}", empty.display());
    let wrong = [
        ("--listen=8080", "--listen"),
        ("--listen=localhost:80", "--listen"),
        ("--namespace=", "--namespace"),
        ("--namespace=a,,b", "--namespace"),
        ("--namespace=Team", "--namespace"),
        ("--namespace=-a", "--namespace"),
        ("--namespace=a.b", "--namespace"),
        ("--selector=", "--selector"),
        ("--selector=team=a,", "--selector"),
        ("--selector=team is a", "--selector"),
        ("--leader-elect=no", "--leader-elect"),
        ("--lease-name=", "--lease-name"),
        ("--lease-name=Operator", "--lease-name"),
        ("--lease-name=a..b", "--lease-name"),
        ("--lease-namespace=", "--lease-namespace"),
        ("--lease-namespace=a.b", "--lease-namespace"),
        (&long, "--namespace"),
        ("--allowed-domain=", "--allowed-domain"),
        ("--allowed-domain=a b", "--allowed-domain"),
        (
            "--allowed-domain=*.staffr.net,Acme.staffr.net",
            r#"--allowed-domain: allowed domain "Acme.staffr.net": write it in lower case"#,
        ),
        ("--log-format=xml", "--log-format"),
        ("--log-level=verbose", "--log-level"),
        ("--log-level=", "--log-level"),
        ("--log-level=info,tracktik_operator=loud", "--log-level"),
        ("--connect-timeout-seconds=0", "--connect-timeout-seconds"),
        ("--connect-timeout-seconds=41", "--request-timeout-seconds"),
        ("--request-timeout-seconds=61", "--request-timeout-seconds"),
        ("--request-timeout-seconds=1m", "--request-timeout-seconds"),
        ("--ca-bundle=/nowhere/ca.pem", "--ca-bundle: /nowhere/ca.pem"),
        (&not_pem, "--ca-bundle: "),
        (&empty, "--ca-bundle: "),
        ("--lissten=1", "--listen"),
    ];
    for (flag, named) in wrong {
        let line = mistake(&["run", flag]);
        assert!(
            !line.contains('\n') && line.contains(named) && line.len() < 300,
            "{flag}: {line}"
        );
    }
    for (arguments, of) in [
        (&[][..], ""),
        (&["rum"], ""),
        (&["--listen=[::]:1"], ""),
        (&["crd", "--listen=[::]:1"], "crd "),
        (&["run", "now"], "run "),
        (&["run", "--login-budget=0"], "run "),
    ] {
        let line = mistake(arguments);
        let see = format!("; see tracktik-operator {of}--help");
        assert!(!line.contains('\n') && line.ends_with(&see), "{arguments:?}: {line}");
    }
}

#[test]
fn each_flag_has_a_variable_of_its_name() {
    let line = command_line::definition();
    let run = line.find_subcommand("run").unwrap();
    let flags: Vec<_> = run.get_arguments().filter(|flag| flag.get_id() != "help").collect();
    assert_eq!(
        flags.len(),
        15,
        "a new flag wants a line in each_flag_reaches_its_setting"
    );
    for flag in flags {
        let name = flag.get_long().unwrap();
        let variable = format!("TRACKTIK_OPERATOR_{}", name.replace('-', "_").to_uppercase());
        assert_eq!(flag.get_env(), Some(variable.as_ref()), "--{name}");
    }
}

#[tokio::test]
async fn variables_are_read_and_checked_as_flags_are() {
    for (variable, value, told) in [
        (
            "TRACKTIK_OPERATOR_NAMESPACE",
            "team-a,TeamB",
            "'TeamB' for '--namespace",
        ),
        ("TRACKTIK_OPERATOR_NAMESPACE", "", "'' for '--namespace"),
        (
            "TRACKTIK_OPERATOR_ALLOWED_DOMAIN",
            "a.example.com,b b",
            "--allowed-domain: an allowed domain that is not repeated here",
        ),
        ("TRACKTIK_OPERATOR_LOG_LEVEL", "verbose", "'verbose' for '--log-level"),
        (
            "TRACKTIK_OPERATOR_CA_BUNDLE",
            "/nowhere",
            "--ca-bundle: /nowhere: cannot be read",
        ),
    ] {
        let mut command = command(&["run"]);
        command.env(variable, value);
        let ended = ended(command).await;
        assert_eq!(ended.code, Some(2), "{variable}");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(
            ended.stderr.starts_with("tracktik-operator: ") && ended.stderr.contains(told),
            "{}",
            ended.stderr
        );
    }
    let mut command = command(&["run", "--log-level=info"]);
    command
        .env("TRACKTIK_OPERATOR_LOG_LEVEL", "verbose")
        .env("TRACKTIK_OPERATOR_LISTEN", "127.0.0.1:0");
    assert_eq!(
        ended(command).await.code,
        Some(1),
        "a flag wins over its variable: it got as far as to look for a cluster"
    );
}

#[tokio::test]
async fn a_password_that_was_given_where_none_belongs_is_not_repeated() {
    let mut lines = Vec::new();
    for url in ["https://user:hunter2@host", "user:hunter2@host", "HUNTER2@host"] {
        for flag in [
            "allowed-domain",
            "listen",
            "namespace",
            "log-level",
            "log-format",
            "proxy",
        ] {
            lines.push(mistake(&["run", &format!("--{flag}={url}")]));
        }
        lines.push(mistake(&["run", url]));
        lines.push(mistake(&[url]));
    }
    // A password with a comma is two values.
    for part in [
        "user:hunter2,x@host",
        "https://user:hunter2",
        "*.hunter2@host",
        "a hunter2",
    ] {
        lines.push(mistake(&["run", &format!("--allowed-domain={part}")]));
    }
    for line in lines {
        assert!(!line.to_lowercase().contains("hunter2"), "{line}");
    }
    for (variable, arguments) in [
        ("TRACKTIK_OPERATOR_ALLOWED_DOMAIN", &["run"][..]),
        ("TRACKTIK_OPERATOR_ALLOWED_DOMAIN", &["run", "--help"]),
        ("HTTPS_PROXY", &["run", "--listen=127.0.0.1:0"]),
    ] {
        let mut command = command(arguments);
        command.env(variable, "https://user:hunter2@a host");
        let ended = ended(command).await;
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!told.contains("hunter2"), "{variable}: {told}");
    }
}

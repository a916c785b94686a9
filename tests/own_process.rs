//! What belongs to a whole process: the environment (a proxy, a system that trusts nobody), and the panic hook.
//!
//! Neither is a test's to change, so each check starts this program again.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::explicit_write,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::{Command, ExitCode},
};

use tracktik_operator::{
    oauth::{
        AllowedDomains, ConnectFault, EndpointOptions, GrantRequest, HttpTokenEndpoint, TokenEndpoint,
        TokenRequestFailure, endpoint::EndpointError,
    },
    secrets::sensitive::{Sensitive, ServiceAccount},
    settings::{self, Request},
    telemetry,
};

/// No such host can exist (RFC 2606), should a request go past the proxy.
const DOMAIN: &str = "tracktik.invalid";

const CHECKS: [(&str, fn()); 3] = [
    (
        "a_proxy_that_refuses_the_tunnel_has_passed_nothing_on",
        a_proxy_that_refuses_the_tunnel_has_passed_nothing_on,
    ),
    (
        "a_panic_is_told_of_without_the_values_in_it",
        a_panic_is_told_of_without_the_values_in_it,
    ),
    (
        "without_anybody_to_trust_the_start_fails",
        without_anybody_to_trust_the_start_fails,
    ),
];

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("behind-a-proxy") => behind_a_proxy(),
        Some("without-authorities") => without_authorities(),
        Some("panicking") => panicking(),
        // Otherwise the arguments are libtest's, of which a filter is the only one with a meaning here.
        filter => return run(filter.filter(|argument| !argument.starts_with('-')).unwrap_or_default()),
    }
    ExitCode::SUCCESS
}

fn run(filter: &str) -> ExitCode {
    let chosen: Vec<_> = CHECKS.iter().filter(|(name, _)| name.contains(filter)).collect();
    let mut failed = 0;
    for (name, check) in &chosen {
        let passed = std::panic::catch_unwind(check).is_ok();
        failed += usize::from(!passed);
        report(&format!("test {name} ... {}", if passed { "ok" } else { "FAILED" }));
    }
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, chosen.len() - failed);
    let filtered = CHECKS.len() - chosen.len();
    report(&format!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out\n"
    ));
    ExitCode::from(u8::from(failed > 0))
}

fn report(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap();
}

fn in_environment(mode: &str, environment: [(&str, &str); 2]) -> Vec<u8> {
    let child = Command::new(std::env::current_exe().unwrap())
        .arg(mode)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("https_proxy")
        .envs(environment)
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "{mode}: {}",
        String::from_utf8_lossy(&child.stderr)
    );
    [child.stdout, child.stderr].concat()
}

fn a_proxy_that_refuses_the_tunnel_has_passed_nothing_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let tunnel = std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let mut request = [0; 1_024];
        let read = tcp.read(&mut request).unwrap();
        tcp.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    for proxy in [proxy.as_str(), "http://127.0.0.1:1"] {
        in_environment("behind-a-proxy", [("HTTPS_PROXY", proxy), ("NO_PROXY", "")]);
    }
    let tunnel = tunnel.join().unwrap();
    assert!(
        tunnel.starts_with(&format!("CONNECT {DOMAIN}:443 HTTP/1.1\r\n")),
        "{tunnel}"
    );
    assert!(!tunnel.contains("hunter2"));
}

fn without_anybody_to_trust_the_start_fails() {
    in_environment(
        "without-authorities",
        [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nowhere")],
    );
}

fn options() -> EndpointOptions {
    let ca = rcgen::generate_simple_self_signed(["ca.invalid".to_owned()]).unwrap();
    EndpointOptions {
        allowed: AllowedDomains::parse([DOMAIN]).unwrap(),
        ca_bundle: Some(ca.cert.pem().into_bytes()),
        ..EndpointOptions::default()
    }
}

fn behind_a_proxy() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let value = || Sensitive::from("hunter2".to_owned());
    let account = ServiceAccount {
        client_id: value(),
        client_secret: value(),
        username: value(),
        password: value(),
    };
    let endpoint = HttpTokenEndpoint::new(options()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(endpoint.request_token(DOMAIN, GrantRequest::Password(&account)));
    assert_eq!(
        answer.unwrap_err(),
        TokenRequestFailure::NotConnected(ConnectFault::Proxy)
    );
}

fn without_authorities() {
    assert_eq!(
        HttpTokenEndpoint::new(options()).unwrap_err(),
        EndpointError::NoProvider
    );
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let mut options = options();
    assert!(HttpTokenEndpoint::new(options.clone()).is_ok(), "a CA bundle is enough");
    options.ca_bundle = None;
    assert_eq!(HttpTokenEndpoint::new(options).unwrap_err(), EndpointError::NoTrust);
}

const CANARY: &str = "c0rrect-h0rse-battery";

fn a_panic_is_told_of_without_the_values_in_it() {
    let written = in_environment("panicking", [("RUST_BACKTRACE", "full"), ("NO_COLOR", "1")]);
    let written = String::from_utf8(written).unwrap();
    let line: serde_json::Value = serde_json::from_str(written.trim()).unwrap();
    assert_eq!(line["level"], "ERROR", "{line}");
    assert!(line["location"].as_str().unwrap().contains(file!()), "{line}");
    assert!(!written.contains(CANARY), "{written}");
}

/// With the log and the hook of the program that ships, at its most verbose.
fn panicking() {
    let arguments = [
        "tracktik-operator",
        "run",
        "--log-level",
        "trace",
        "--log-format",
        "json",
    ];
    let Ok(Request::Run(settings)) = settings::parse(arguments) else {
        panic!("a person would use these")
    };
    telemetry::start(&settings).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let ended = runtime.block_on(runtime.spawn(async {
        decoded(CANARY).unwrap();
    }));
    assert!(ended.unwrap_err().is_panic());
}

/// An error that carries a value, as a decoder's does.
fn decoded(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| text.to_owned())
}

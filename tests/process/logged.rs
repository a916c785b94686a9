//! What reaches the log, and what never does.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use tracktik_operator::{settings::LogFormat, telemetry};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Written {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

fn log_of(format: LogFormat, directives: &str, events: impl FnOnce()) -> String {
    let written = Written::default();
    let subscriber = telemetry::subscriber(format, directives, false, written.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, events);
    String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
}

/// An event of each level from a target, which a macro takes only as a literal.
macro_rules! each_level_of {
    ($($target:literal),+ $(,)?) => {
        [$(($target, Box::new(|| {
            tracing::event!(target: $target, Level::ERROR, "<ERROR>");
            tracing::event!(target: $target, Level::WARN, "<WARN>");
            tracing::event!(target: $target, Level::INFO, "<INFO>");
            tracing::event!(target: $target, Level::DEBUG, "<DEBUG>");
            tracing::event!(target: $target, Level::TRACE, "<TRACE>");
            tracing::trace_span!(target: $target, "a span", body = "<SPAN>").in_scope(|| {
                tracing::error!(target: "tracktik_operator::inside", "inside");
            });
        }) as Box<dyn Fn()>)),+]
    };
}

#[test]
fn nothing_that_prints_headers_or_bodies_can_be_turned_on() {
    let targets = each_level_of![
        "kube_client::client",
        "kube_client::client::builder",
        "kube_client::client::tls",
        "kube_runtime::watcher",
        "h2::codec::framed_write",
        "h2",
        "hyper::proto::h1::io",
        "hyper_util::client::legacy::pool",
        "hyper_rustls::config",
        "reqwest::connect",
        "rustls::client::hs",
        "tower::buffer::worker",
        "tower_http::trace",
        "a_library_of_tomorrow",
        "tracktik_operator::oauth",
    ];
    let expected = [0, 0, 2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 5];
    for directives in [
        "trace",
        "trace,kube_client=trace,h2=trace,hyper=trace",
        "trace,[a span{body}]=trace",
    ] {
        for ((target, events), most) in targets.iter().zip(expected) {
            let log = log_of(LogFormat::Json, directives, events);
            let levels = ["<ERROR>", "<WARN>", "<INFO>", "<DEBUG>", "<TRACE>"];
            let shown: Vec<_> = levels.into_iter().filter(|level| log.contains(level)).collect();
            assert_eq!(shown, levels[..most], "{target} with {directives}");
            assert_eq!(
                log.contains("<SPAN>"),
                most == 5,
                "a span of {target} with {directives}"
            );
        }
    }
}

#[test]
fn what_is_asked_for_still_counts_below_the_ceiling() {
    let [(_, own), (_, foreign)] = each_level_of!["tracktik_operator::rotation", "kube_runtime::watcher"];
    for (directives, of_own, of_foreign) in [
        ("info", 3, 1),
        ("error", 1, 1),
        ("off", 0, 0),
        ("info,kube_runtime=off", 3, 0),
        ("warn,tracktik_operator=debug", 4, 1),
        ("tracktik_operator::rotation=trace", 5, 0),
    ] {
        for (events, most) in [(&own, of_own), (&foreign, of_foreign)] {
            let log = log_of(LogFormat::Text, directives, events);
            let shown = log
                .lines()
                .filter(|line| line.contains('<') && !line.contains("inside"))
                .count();
            assert_eq!(shown, most, "{directives}: {log}");
        }
    }
    assert!(telemetry::subscriber(LogFormat::Text, "a=b=c", false, Written::default()).is_err());
}

#[test]
fn a_json_line_is_flat_and_says_which_credential_it_is_about() {
    let log = log_of(LogFormat::Json, "info", || {
        let span =
            tracing::info_span!(target: "tracktik_operator", "reconcile", namespace = "team", name = "acme", id = 7);
        span.in_scope(|| {
            tracing::warn!(target: "tracktik_operator::act", seconds = 1.5, level = "not a level", why = %"two\nlines", "\"renewed\"");
        });
    });
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("{\"timestamp\":\"20"), "{log}");
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    let mut line = line.as_object().unwrap().clone();
    line.remove("timestamp");
    let expected = serde_json::json!({
        "level": "WARN", "message": "\"renewed\"", "target": "tracktik_operator::act",
        "namespace": "team", "name": "acme", "id": 7, "seconds": 1.5, "why": "two\nlines",
    });
    assert_eq!(serde_json::Value::Object(line), expected);
    assert_eq!(log.matches("\"level\":").count(), 1, "{log}");
}

//! The log: what is written, how, and what never is, whatever level is asked for.

use std::{any::Any, io::IsTerminal, panic};

use serde_json::{Map, Value};
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::Targets,
    fmt::{
        self, FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter,
        format::{JsonFields, Writer},
        time::{FormatTime, SystemTime},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
};

use crate::settings::{LogFormat, Settings};

/// Starts the log, to stderr, and has panics written to it.
///
/// # Errors
/// One line: the level cannot be understood, or a log has been started already.
pub fn start(settings: &Settings) -> Result<(), String> {
    let colours = std::io::stderr().is_terminal();
    let subscriber = subscriber(settings.log_format, &settings.log_level, colours, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())?;
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panicked: {}", told_by(panic.payload()));
    }));
    Ok(())
}

/// A literal is ours to print; a text that was formatted may hold what it was formatted from.
fn told_by(payload: &dyn Any) -> &'static str {
    let literal = payload.downcast_ref::<&'static str>();
    literal
        .copied()
        .unwrap_or("(the message may hold values and is left out)")
}

/// What is let through to the log whatever was asked for. What this room does not know gets no further than INFO.
///
/// Every entry is the most verbose level at which the target prints neither headers nor bodies:
/// - `kube_client::client` prints whole undecodable answers at WARN, Secrets included, and what it prints at ERROR
///   (a failed request) its caller logs with more sense; `…::tls` says at WARN that a CA could not be read again.
/// - `kube_runtime` prints errors of watches with Debug at WARN, and with them whatever a proxy answered.
/// - `h2` prints frames with their headers at DEBUG; `hyper`, `hyper_util`, `reqwest`, `tower` and `rustls` have
///   nothing to say above WARN that helps anyone, and change what they print with any minor version.
#[must_use]
pub fn ceiling() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("tracktik_operator", LevelFilter::TRACE)
        .with_target("kube_client::client", LevelFilter::OFF)
        .with_target("kube_client::client::tls", LevelFilter::WARN)
        .with_target("kube_runtime", LevelFilter::ERROR)
        .with_targets(
            [
                "h2",
                "hyper",
                "hyper_util",
                "hyper_rustls",
                "reqwest",
                "rustls",
                "tower",
                "tower_http",
            ]
            .map(|target| (target, LevelFilter::WARN)),
        )
}

/// The log as a whole: `directives` below the [`ceiling`], written in `format`.
///
/// # Errors
/// One line: the directives cannot be understood.
pub fn subscriber<W>(
    format: LogFormat,
    directives: &str,
    colours: bool,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, String>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let asked = EnvFilter::builder()
        .parse(directives)
        .map_err(|error| error.to_string())?;
    // By default a line that cannot be written is reported with eprintln!, which panics when stderr is closed.
    let lines = fmt::layer().with_writer(writer).log_internal_errors(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => Box::new(
            lines
                .with_ansi(false)
                .fmt_fields(JsonFields::new())
                .event_format(OneJsonObject),
        ),
        LogFormat::Text => Box::new(lines.with_ansi(colours)),
    };
    Ok(tracing_subscriber::registry().with(lines).with(asked).with(ceiling()))
}

/// One flat JSON object per line: the fields of the spans and of the event side by side.
///
/// The formatter that tracing-subscriber brings nests each span under its own `name`, which would hide the `name` of
/// the credential that a line is about.
struct OneJsonObject;

impl<S, N> FormatEvent<S, N> for OneJsonObject
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        let mut fields = Map::new();
        for span in ctx
            .event_scope()
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            let extensions = span.extensions();
            let written = extensions
                .get::<FormattedFields<N>>()
                .map(|fields| fields.fields.as_str());
            if let Some(Ok(Value::Object(of_span))) = written.map(serde_json::from_str) {
                fields.extend(of_span);
            }
        }
        let mut own = String::new();
        JsonFields::new().format_fields(Writer::new(&mut own), event)?;
        if let Ok(Value::Object(of_event)) = serde_json::from_str(&own) {
            fields.extend(of_event);
        }

        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let message = fields.remove("message").unwrap_or_else(|| Value::String(String::new()));
        // First what a person looks for; each key once, and these are not a field's to take.
        let head = [
            ("timestamp", Value::String(timestamp)),
            ("level", Value::String(event.metadata().level().to_string())),
            ("message", message),
            ("target", Value::String(event.metadata().target().to_owned())),
        ];
        write!(out, "{{")?;
        for (position, (key, value)) in head.iter().enumerate() {
            fields.remove(*key);
            write!(out, "{}\"{key}\":{value}", if position == 0 { "" } else { "," })?;
        }
        for (key, value) in &fields {
            write!(out, ",{}:{value}", Value::String(key.clone()))?;
        }
        writeln!(out, "}}")
    }
}

#[cfg(test)]
mod tests {
    use super::told_by;

    #[test]
    fn a_panic_is_told_of_without_the_values_in_it() {
        let secret = "hunter2";
        let formatted = std::panic::catch_unwind(|| panic!("cannot parse {secret}")).unwrap_err();
        assert!(!told_by(formatted.as_ref()).contains(secret));
        let literal = std::panic::catch_unwind(|| panic!("no such state")).unwrap_err();
        assert_eq!(told_by(literal.as_ref()), "no such state");
    }
}

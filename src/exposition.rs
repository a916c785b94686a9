//! In which of the two formats a scraper gets the metrics: `OpenMetrics` where it asks for it, as Prometheus does, else
//! the older text format, which everything else reads: `promtool check metrics`, agents, people with curl.

use std::fmt::Write as _;

/// A format, with its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Text,
}

impl Exposition {
    /// What a request with this header `Accept` gets.
    #[must_use]
    pub fn asked_by(accept: Option<&str>) -> Self {
        match accept {
            Some(accept) if accept.contains("application/openmetrics-text") => Self::OpenMetrics,
            _ => Self::Text,
        }
    }

    /// For the header `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// `open_metrics` in this format.
    #[must_use]
    pub fn of(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Text => as_text(&open_metrics),
        }
    }
}

/// The series are the same; what differs is what a family is called in its HELP and TYPE, and that there is no `# EOF`.
fn as_text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(of) = line.strip_prefix("# HELP ") {
            help = of.split_once(' ').map(|(_, words)| words);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|of| of.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                _ => ("", kind),
            };
            // Writing into a String does not fail.
            if let Some(words) = help.take() {
                let _ = writeln!(text, "# HELP {name}{suffix} {words}");
            }
            let _ = writeln!(text, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_called_as_its_series_are() {
        let open_metrics = "# HELP a Of a.\n# TYPE a counter\na_total{b=\"c\"} 1\n# HELP d Of d.\n# TYPE d info\n\
                            # UNIT d bytes\nd_info{} 1\n# HELP e Of e.\n# TYPE e gauge\ne 0.5\n# EOF\n";
        let text = "# HELP a_total Of a.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n# HELP d_info Of d.\n\
                    # TYPE d_info gauge\nd_info{} 1\n# HELP e Of e.\n# TYPE e gauge\ne 0.5\n";
        assert_eq!(Exposition::Text.of(open_metrics.to_owned()), text);
        assert_eq!(Exposition::OpenMetrics.of(open_metrics.to_owned()), open_metrics);
    }

    #[test]
    fn prometheus_gets_open_metrics_and_whoever_does_not_ask_the_text_format() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(Exposition::asked_by(Some(prometheus)), Exposition::OpenMetrics);
        for accept in [None, Some("*/*"), Some("text/plain")] {
            assert_eq!(Exposition::asked_by(accept), Exposition::Text);
        }
    }
}

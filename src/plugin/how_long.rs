//! Lengths of time for people, as kubectl writes them in its column AGE.

use tracktik_operator::api::{Moment, Span};

/// `45s`, `5m30s`, `42m`, `3h5m`, `20h`, `2d3h`, `40d`; of a negative length, that of its opposite.
pub fn how_long(span: Span) -> String {
    let seconds = span.as_millis().saturating_abs() / 1_000;
    let two = |large: i64, small: i64, (l, s): (&str, &str)| match small {
        0 => format!("{large}{l}"),
        _ => format!("{large}{l}{small}{s}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, seconds % 60, ("m", "s")),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, minutes % 60, ("h", "m")),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, hours % 24, ("d", "h")),
        _ => format!("{days}d"),
    }
}

/// `in 22m`, `3m ago`.
pub fn from_now(at: Moment, now: Moment) -> String {
    if at > now {
        format!("in {}", how_long(at - now))
    } else {
        format!("{} ago", how_long(now - at))
    }
}

/// The time, and how far that is: `2026-11-27T15:40:00Z (in 22m)`.
pub fn at(at: Moment, now: Moment) -> String {
    format!("{at} ({})", from_now(at, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_kubectl_does() {
        for (seconds, shown) in [
            (0, "0s"),
            (-45, "45s"),
            (119, "119s"),
            (120, "2m"),
            (330, "5m30s"),
            (2_540, "42m"),
            (10_800, "3h"),
            (11_100, "3h5m"),
            (72_000, "20h"),
            (183_600, "2d3h"),
            (40 * 86_400 + 5, "40d"),
        ] {
            assert_eq!(how_long(Span::seconds(seconds)), shown, "{seconds}");
        }
        let now = Moment::from_seconds(1_000_000);
        assert_eq!(from_now(now + Span::minutes(22), now), "in 22m");
        assert_eq!(from_now(now - Span::seconds(200), now), "3m20s ago");
    }
}

//! The ways in which a token endpoint answers wrongly or not at all, and what is to come of each.

use std::time::Duration;

use testbed::simulator::{Fault, RetryAfter};

const MISBEHAVED: &str = "EndpointMisbehaved";
const UNAVAILABLE: &str = "EndpointUnavailable";
pub const THROTTLED: &str = "EndpointThrottled";

/// What the endpoint does, and what status says of it behind its host's name.
pub struct Bad {
    pub name: &'static str,
    pub fault: Fault,
    pub reason: &'static str,
    pub says: &'static str,
    /// From the attempt to the next.
    pub waits: Duration,
}

fn bad(name: &'static str, fault: Fault, reason: &'static str, says: &'static str, waits: Duration) -> Bad {
    Bad {
        name,
        fault,
        reason,
        says,
        waits,
    }
}

pub fn all() -> Vec<Bad> {
    let ten_minutes = Duration::from_mins(10);
    let missing = |key: &str| Fault::MissingKey { key: key.to_owned() };
    let status = |status| Fault::Status {
        status,
        after_effect: false,
    };
    let misbehaves = |name, fault, says| bad(name, fault, MISBEHAVED, says, ten_minutes);
    let soon_again = |name, fault, says| bad(name, fault, UNAVAILABLE, says, Duration::from_secs(30));
    let too_many = |retry_after| Fault::TooManyRequests { retry_after };
    let later = |retry_after| Fault::Unavailable { retry_after };
    let pause = Duration::from_secs(700);
    let asks_for_a_pause = |name, fault| bad(name, fault, THROTTLED, "asked for a pause of", pause);
    let unreadable = "answered without a readable expires_in";
    let too_short = "answered with an expires_in below 30 seconds";
    vec![
        misbehaves("html", Fault::Html, "answered with something else than a JSON object"),
        misbehaves(
            "malformed",
            Fault::MalformedJson,
            "answered with something else than a JSON object",
        ),
        misbehaves("no-token", missing("access_token"), "answered without an access_token"),
        misbehaves("no-life", missing("expires_in"), unreadable),
        misbehaves("life-zero", Fault::expires_in(0), too_short),
        misbehaves("life-negative", Fault::expires_in(-3_600), too_short),
        misbehaves("life-words", Fault::expires_in("abc"), unreadable),
        misbehaves("huge", Fault::HugeBody, "answered with more than 64 KiB"),
        misbehaves(
            "error-200",
            Fault::OkWithError {
                error: "invalid_grant".to_owned(),
            },
            "answered with an error under status 200",
        ),
        misbehaves(
            "redirect",
            Fault::Redirect {
                location: "/elsewhere".to_owned(),
            },
            "answered with a redirect",
        ),
        misbehaves(
            "not-found",
            status(404),
            "answered with neither a token nor an OAuth 2 error",
        ),
        soon_again("maintenance", status(503), "answered with a server error (503)"),
        soon_again(
            "silent",
            Fault::Silence { after_effect: false },
            "gave no complete answer in time",
        ),
        soon_again("cut", Fault::Close { after_effect: false }, "cut the connection"),
        soon_again("half", Fault::CutBody, "cut the connection"),
        bad(
            "too-many",
            too_many(None),
            THROTTLED,
            "asked to slow down (status 429)",
            Duration::from_mins(1),
        ),
        asks_for_a_pause("retry-after", too_many(Some(RetryAfter::Seconds(700)))),
        asks_for_a_pause("retry-date", too_many(Some(RetryAfter::DateIn(700)))),
        asks_for_a_pause("later", later(RetryAfter::Seconds(700))),
        asks_for_a_pause("later-date", later(RetryAfter::DateIn(700))),
        bad(
            "firewall",
            Fault::Firewall,
            THROTTLED,
            "the firewall in front of",
            ten_minutes,
        ),
    ]
}

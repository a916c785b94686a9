//! Where credentials may be sent: the list that the operator's administrator gives. Users of the cluster have no say.
//!
//! A tenant who could choose any host would have both a way out for secrets and a way in to the cluster's network.

use std::fmt;

use super::host::{Host, HostError};

/// The hosts that may be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedDomains(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// One host and one port.
    Exact(Host),
    /// All names below this one, on port 443, but not the name itself.
    Below(String),
}

impl AllowedDomains {
    /// TrackTik's own zones.
    pub const DEFAULT: [&str; 3] = ["*.staffr.net", "*.staffr.us", "*.staffr.ca"];

    /// Reads patterns: `*.zone` covers one or more labels below the zone on port 443; `host`, `host:port`, an IPv4
    /// address with or without a port cover just themselves. No pattern at all allows nothing.
    ///
    /// # Errors
    /// Names the first pattern that cannot be read, and why.
    pub fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, PatternError> {
        let read = |pattern: S| Pattern::parse(pattern.as_ref());
        Ok(Self(patterns.into_iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Whether credentials may be sent to this `spec.domain`. What is no host is not allowed.
    #[must_use]
    pub fn allows(&self, domain: &str) -> bool {
        Host::parse(domain).is_ok_and(|host| self.allows_host(&host))
    }

    /// Whether credentials may be sent to this host.
    #[must_use]
    pub fn allows_host(&self, host: &Host) -> bool {
        self.0.iter().any(|pattern| pattern.covers(host))
    }
}

impl Default for AllowedDomains {
    fn default() -> Self {
        Self(
            Self::DEFAULT
                .iter()
                .filter_map(|pattern| Pattern::parse(pattern).ok())
                .collect(),
        )
    }
}

impl Pattern {
    fn parse(pattern: &str) -> Result<Self, PatternError> {
        let because = |why| PatternError {
            pattern: Named::of(pattern),
            why,
        };
        if let Some(zone) = pattern.strip_prefix("*.") {
            if zone.contains('*') {
                return Err(because(WhyNot::Star));
            }
            let host = Host::parse(zone).map_err(|error| because(WhyNot::Host(error)))?;
            if zone.contains(':') {
                return Err(because(WhyNot::PortOfWildcard));
            }
            if host.is_address() {
                return Err(because(WhyNot::AddressOfWildcard));
            }
            if !zone.contains('.') {
                return Err(because(WhyNot::TooWide));
            }
            return Ok(Self::Below(zone.to_owned()));
        }
        if pattern.contains('*') {
            return Err(because(WhyNot::Star));
        }
        let host = Host::parse(pattern).map_err(|error| because(WhyNot::Host(error)))?;
        Ok(Self::Exact(host))
    }

    fn covers(&self, host: &Host) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::Below(zone) => {
                let below = host.name().strip_suffix(zone.as_str());
                host.port() == 443 && !host.is_address() && below.is_some_and(|labels| labels.ends_with('.'))
            }
        }
    }
}

impl fmt::Display for AllowedDomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match pattern {
                Pattern::Exact(host) => write!(f, "{comma}{host}")?,
                Pattern::Below(zone) => write!(f, "{comma}*.{zone}")?,
            }
        }
        Ok(())
    }
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pattern}: {why}")]
pub struct PatternError {
    pattern: Named,
    why: WhyNot,
}

/// A pattern in a message. Repeated only where it looks like one: of a URL, the user and the password are nobody's
/// business, and a list that was split at a comma may have split a password.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    AsWritten(String),
    Withheld,
}

impl Named {
    fn of(pattern: &str) -> Self {
        let (name, port) = pattern.split_once(':').unwrap_or((pattern, ""));
        let in_a_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'*');
        let plain = name.bytes().all(in_a_name) && port.bytes().all(|b| b.is_ascii_digit());
        if plain && pattern.len() <= 300 {
            Self::AsWritten(pattern.to_owned())
        } else {
            Self::Withheld
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsWritten(pattern) => write!(f, "allowed domain {pattern:?}"),
            Self::Withheld => f.write_str("an allowed domain that is not repeated here, since it may hold a password"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum WhyNot {
    #[error("{0}")]
    Host(HostError),
    #[error("a star may only stand at the beginning, as the whole first label: *.example.com")]
    Star,
    #[error("a wildcard covers port 443 only; list a host with another port by its full name")]
    PortOfWildcard,
    #[error("a wildcard cannot stand before an address; list the address itself")]
    AddressOfWildcard,
    #[error("a wildcard over a whole top-level domain lets anybody receive the credentials")]
    TooWide,
}

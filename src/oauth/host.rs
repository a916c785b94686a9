//! `spec.domain` as a host to connect to, and the one URL that is ever requested. No list of what is allowed in here.
//!
//! What was checked must be what is dialled: URL parsers take `127.1` and `0x7f.1` for addresses, lower-case names, and
//! drop default ports. So a domain is accepted only in the form in which the URL parser gives it back.

use std::{fmt, net::Ipv4Addr};

use reqwest::Url;

/// Where TrackTik's token endpoint is on every instance.
const PATH: &str = "/rest/oauth2/access_token";

/// A DNS name or IPv4 address with the port that https uses, or an explicit one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    name: String,
    port: u16,
}

impl Host {
    /// Reads `host` or `host:port`. Nothing is normalised but a `:443`, which is as good as none.
    ///
    /// # Errors
    /// When it is anything else: upper case, a trailing dot, a user, a path, an IPv6 address, a number that a resolver
    /// would take for an address.
    pub fn parse(domain: &str) -> Result<Self, HostError> {
        if domain.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(HostError::UpperCase);
        }
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b':');
        if !domain.bytes().all(known) {
            return Err(HostError::Character);
        }
        let (name, port) = match domain.split_once(':') {
            Some((name, port)) => (name, read_port(port).ok_or(HostError::Port)?),
            None => (domain, 443),
        };
        check_name(name)?;
        let host = Self {
            name: name.to_owned(),
            port,
        };
        host.token_url()?;
        Ok(host)
    }

    /// The DNS name or IPv4 address, in lower case, without port.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, 443 where none was given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is an address, which no wildcard covers.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.name.parse::<Ipv4Addr>().is_ok()
    }

    /// The URL of the token endpoint on this host.
    ///
    /// # Errors
    /// When the URL parser would connect to another host than the one that was checked.
    pub fn token_url(&self) -> Result<Url, HostError> {
        let url = Url::parse(&format!("https://{self}{PATH}")).map_err(|_| HostError::Unusable)?;
        let same = url.scheme() == "https"
            && url.host_str() == Some(self.name.as_str())
            && url.port_or_known_default() == Some(self.port)
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == PATH
            && url.query().is_none()
            && url.fragment().is_none();
        if same { Ok(url) } else { Err(HostError::Unusable) }
    }
}

impl fmt::Display for Host {
    /// As one writes it: the port only where it is not 443.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => f.write_str(&self.name),
            port => write!(f, "{}:{port}", self.name),
        }
    }
}

/// Why a text is no host. The text itself is not repeated: it may hold a user and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Longer than DNS allows, or empty.
    #[error("a host name has 1 to 253 characters")]
    Length,
    /// Upper case.
    #[error("write it in lower case")]
    UpperCase,
    /// A trailing dot, two dots in a row, or a label that is too long or has a hyphen at its edge.
    #[error("the labels between the dots need 1 to 63 characters, and no hyphen at their edges")]
    Label,
    /// Anything that no host name contains: a scheme, user, path, query, IPv6 address, or non-ASCII letter.
    #[error("only a-z, 0-9, '-' and '.' may stand in it; no scheme, path or user, and non-ASCII names as xn--…")]
    Character,
    /// The port.
    #[error("the port must be a number between 1 and 65535")]
    Port,
    /// A resolver would read it as something else, `127.1` as 127.0.0.1 for example.
    #[error("it is not the canonical form of a host name or IPv4 address")]
    Unusable,
}

fn read_port(text: &str) -> Option<u16> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn check_name(name: &str) -> Result<(), HostError> {
    if name.is_empty() || name.len() > 253 {
        return Err(HostError::Length);
    }
    let good = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    if name.split('.').all(good) {
        Ok(())
    } else {
        Err(HostError::Label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_read_as_it_will_be_dialled() {
        for (domain, url) in [
            ("acme.staffr.net", "https://acme.staffr.net/rest/oauth2/access_token"),
            (
                "acme.staffr.net:443",
                "https://acme.staffr.net/rest/oauth2/access_token",
            ),
            (
                "acme.staffr.net:8443",
                "https://acme.staffr.net:8443/rest/oauth2/access_token",
            ),
            ("localhost", "https://localhost/rest/oauth2/access_token"),
            ("127.0.0.1:8443", "https://127.0.0.1:8443/rest/oauth2/access_token"),
            (
                "xn--mnchen-3ya.staffr.net",
                "https://xn--mnchen-3ya.staffr.net/rest/oauth2/access_token",
            ),
        ] {
            assert_eq!(Host::parse(domain).unwrap().token_url().unwrap().as_str(), url);
        }
    }

    #[test]
    fn a_domain_that_would_be_dialled_differently_is_no_host() {
        use HostError::{Character, Label, Length, Port, Unusable, UpperCase};
        let long = format!("{}.net", "a".repeat(250));
        let long_label = format!("{}.net", "a".repeat(64));
        for (domain, why) in [
            ("", Length),
            (":443", Length),
            (long.as_str(), Length),
            (long_label.as_str(), Label),
            ("Acme.staffr.net", UpperCase),
            ("acme.staffr.net.", Label),
            ("acme..staffr.net", Label),
            (".staffr.net", Label),
            ("-acme.staffr.net", Label),
            ("acme-.staffr.net", Label),
            ("https://acme.staffr.net", Character),
            ("user:hunter2@acme.staffr.net", Character),
            ("user@acme.staffr.net", Character),
            ("acme.staffr.net/x", Character),
            ("acme.staffr.net?x", Character),
            ("acme.staffr.net#x", Character),
            ("acme.staffr.net\\x", Character),
            ("acme%2estaffr.net", Character),
            ("acme staffr.net", Character),
            ("acme.staffr.net\n", Character),
            ("acmé.staffr.net", Character),
            ("ac\u{ad}me.staffr.net", Character),
            ("acme。staffr.net", Character),
            ("*.staffr.net", Character),
            ("[::1]", Character),
            ("::1", Port),
            ("acme.staffr.net:0", Port),
            ("acme.staffr.net:0443", Port),
            ("acme.staffr.net:+443", Character),
            ("acme.staffr.net:443:443", Port),
            ("acme.staffr.net:65536", Port),
            ("acme.staffr.net:", Port),
            ("127.1", Unusable),
            ("0x7f.1", Unusable),
            ("0x7f000001", Unusable),
            ("2130706433", Unusable),
            ("0177.0.0.1", Unusable),
            ("127.0.0.01", Unusable),
            ("1.2.3.4.5", Unusable),
            ("acme.staffr.123", Unusable),
            ("xn--a.staffr.net", Unusable),
        ] {
            assert_eq!(Host::parse(domain), Err(why), "{domain:?}");
        }
    }
}

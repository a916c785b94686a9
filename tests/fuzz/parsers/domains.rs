//! `spec.domain`: what is allowed is what a URL parser will dial, below TrackTik's own zones on port 443.

use reqwest::Url;
use tracktik_operator::oauth::{AllowedDomains, ConnectFault, TokenRequestFailure, host::Host};

use crate::{
    canary::hidden,
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "domains",
    dictionary: &[
        ".staffr.net",
        ".staffr.us",
        ".staffr.ca",
        "staffr",
        "net",
        ":443",
        ":8443",
        ":",
        "@",
        "#",
        "?",
        "\\",
        "//",
        "https://",
        "xn--",
        "xn--mnchen-3ya",
        "。",
        "．",
        "ｓ",
        "ſ",
        "K",
        "\u{ad}",
        "\u{200d}",
        "%2e",
        "%2f",
        "0x7f",
        "127.1",
        "[::1]",
        "-",
        "evil.com",
        "..",
        "\u{0}",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(domain) = std::str::from_utf8(bytes) else {
        return Ok(Verdict::rejected("not a text"));
    };
    let allowed = AllowedDomains::default();
    quiet(domain)?;
    let host = match Host::parse(domain) {
        Ok(host) => host,
        Err(why) => {
            hidden(&format!("{why} {why:?}"))?;
            ensure(!allowed.allows(domain), || format!("allowed, and no host: {domain:?}"))?;
            ensure(!plainly_a_host(domain), || format!("refused: {domain:?}: {why}"))?;
            return Ok(Verdict::rejected(format!("{why:?}")));
        }
    };
    dialled_as_checked(&host, domain)?;
    same(&Host::parse(&host.to_string()), &Ok(host.clone()), "as it is printed")?;
    same(
        &allowed.allows(domain),
        &allowed.allows_host(&host),
        "checked before and after",
    )?;
    let tracktiks = ["staffr.net", "staffr.us", "staffr.ca"];
    let zone = tracktiks.into_iter().find(|zone| {
        // Label by label from the right: no comparison of texts can take evilstaffr.net for a part of staffr.net.
        let mut labels = host.name().rsplit('.');
        zone.rsplit('.').all(|label| labels.next() == Some(label)) && labels.next().is_some()
    });
    let expected = zone.is_some() && host.port() == 443;
    same(&allowed.allows(domain), &expected, "whether it is allowed")?;
    let labels = host.name().split('.').count().min(6);
    Ok(if expected {
        Verdict::accepted(format!("{labels} labels"))
    } else {
        Verdict::rejected(format!("{labels} labels, zone {zone:?}, address {}", host.is_address()))
    })
}

/// Another parse of the text that a user wrote, as a client does it, leads to the host and port that were checked.
fn dialled_as_checked(host: &Host, domain: &str) -> Result<(), String> {
    let url = Url::parse(&format!("https://{domain}/rest/oauth2/access_token")).map_err(|error| error.to_string())?;
    same(&url.host_str(), &Some(host.name()), "the host")?;
    same(&url.port_or_known_default(), &Some(host.port()), "the port")?;
    same(&url.path(), &"/rest/oauth2/access_token", "the path")?;
    same(
        &(url.username(), url.password(), url.query(), url.fragment()),
        &("", None, None, None),
        "the rest",
    )?;
    let sent = host.token_url().map_err(|error| error.to_string())?;
    same(&sent, &url, "the URL that is sent to")
}

/// Letters and digits between dots and nothing else, so that there is no doubt. The last label is no number, which
/// would make an address of it, and none is punycode.
fn plainly_a_host(domain: &str) -> bool {
    let plain = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.len() <= 253 && domain.split('.').all(plain) && last.bytes().all(|b| b.is_ascii_lowercase())
}

/// A message names the domain as a whole where it looks like one, and shows nothing of any other.
fn quiet(domain: &str) -> Result<(), String> {
    let message = TokenRequestFailure::NotConnected(ConnectFault::NotAllowed).message(domain);
    let of_a_host = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if domain.chars().all(of_a_host) {
        return Ok(());
    }
    hidden(&message)?;
    ensure(message.starts_with("could not connect to the token endpoint: "), || {
        message.clone()
    })
}

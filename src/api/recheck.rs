//! What the definition's rules demand, asked once more here: a cluster may have an older definition, or an edited one, and
//! these few keep a password out of status, a read in its namespace, and other controllers from what is written.

use super::{TrackTikCredentialSpec, demand::Demand, rules};

/// The first of these rules that a spec breaks, with the field and without its value, which may hold a password.
#[must_use]
pub fn broken_rule(spec: &TrackTikCredentialSpec) -> Option<String> {
    let broken = first_broken(spec)?;
    Some(format!(
        "{} {}; the installed CRD should have refused it: compare it with the operator's (`tracktik-operator crd`)",
        broken.field,
        broken.demand.message()
    ))
}

struct Broken {
    field: &'static str,
    demand: Demand,
}

fn first_broken(spec: &TrackTikCredentialSpec) -> Option<Broken> {
    if !is_host(&spec.domain) {
        return Some(Broken {
            field: "spec.domain",
            demand: rules::DOMAIN,
        });
    }
    if let Some((field, _)) = names(spec).into_iter().find(|(_, name)| !is_name(name)) {
        return Some(Broken {
            field,
            demand: rules::NAME,
        });
    }
    let metadata = spec.token_secret.metadata.as_deref()?;
    [
        ("spec.tokenSecret.metadata.labels", &metadata.labels),
        ("spec.tokenSecret.metadata.annotations", &metadata.annotations),
    ]
    .into_iter()
    .find_map(|(field, entries)| {
        let broken = |demand| Some(Broken { field, demand });
        if !entries.keys().all(|key| is_metadata_key(key)) {
            broken(rules::METADATA_KEYS)
        } else if entries.keys().any(|key| is_reserved(key)) {
            broken(rules::METADATA_RESERVED)
        } else {
            None
        }
    })
}

/// Every name of a Secret.
fn names(spec: &TrackTikCredentialSpec) -> Vec<(&'static str, &str)> {
    let of = &spec.credentials;
    let client_id = of.client_id.as_ref().and_then(|value| value.secret_ref.as_ref());
    let client_secret = of.client_secret.as_ref().and_then(|value| value.secret_ref.as_ref());
    let username = of.username.as_ref().and_then(|value| value.secret_ref.as_ref());
    let password = of.password.as_ref().and_then(|value| value.secret_ref.as_ref());
    let sources = [
        ("spec.credentials.secretRef.name", of.secret_ref.as_ref()),
        ("spec.credentials.clientId.secretRef.name", client_id),
        ("spec.credentials.clientSecret.secretRef.name", client_secret),
        ("spec.credentials.username.secretRef.name", username),
        ("spec.credentials.password.secretRef.name", password),
    ];
    let sources = sources
        .into_iter()
        .filter_map(|(field, reference)| Some((field, reference?.name.as_str())));
    let target = spec.token_secret.name.as_deref();
    sources
        .chain(target.map(|name| ("spec.tokenSecret.name", name)))
        .collect()
}

/// As [`rules::DOMAIN`].
fn is_host(domain: &str) -> bool {
    let (name, port) = match domain.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (domain, None),
    };
    let good_port = port.is_none_or(|port| {
        let plain = !port.starts_with('0') && port.bytes().all(|b| b.is_ascii_digit());
        plain && port.parse::<u16>().is_ok()
    });
    is_name(name) && name.split('.').all(|label| label.len() <= 63) && good_port
}

/// As [`rules::NAME`], and no longer than a name may be.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= 253
        && name
            .split('.')
            .all(|label| is_between_alphanumerics(label, is_lower, "-"))
}

/// As [`rules::METADATA_KEYS`].
fn is_metadata_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    prefix.is_none_or(is_name) && name.len() <= 63 && is_between_alphanumerics(name, alphanumeric, "-_.")
}

/// As [`rules::METADATA_RESERVED`].
fn is_reserved(key: &str) -> bool {
    const OTHERS: [&str; 6] = [
        "kubernetes.io",
        "k8s.io",
        "argoproj.io",
        "fluxcd.io",
        "helm.sh",
        "tracktik-operator.io",
    ];
    const OPEN: [&str; 4] = ["name", "component", "part-of", "version"];
    let Some((prefix, name)) = key.split_once('/') else {
        return false;
    };
    if prefix == "app.kubernetes.io" && OPEN.contains(&name) {
        return false;
    }
    OTHERS.iter().any(|other| {
        let before = prefix.strip_suffix(other);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

fn is_lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// At least one character, these or others, with one of these at both ends.
fn is_between_alphanumerics(text: &str, these: impl Fn(char) -> bool, others: &str) -> bool {
    text.chars().all(|c| these(c) || others.contains(c)) && text.starts_with(&these) && text.ends_with(&these)
}

//! What is read of the environment: whether colours are wanted, and with `--from-env` a service account.

use tracktik_operator::secrets::{
    sensitive::{Sensitive, ServiceAccount},
    source_value::checked,
};
use zeroize::Zeroizing;

use super::verdict::Failed;

/// The domain, where `--from-env` is asked for.
pub const DOMAIN: &str = "TRACKTIK_DOMAIN";

/// The four values, in the order client id, client secret, username, password.
pub const ACCOUNT: [&str; 4] = [
    "TRACKTIK_CLIENT_ID",
    "TRACKTIK_CLIENT_SECRET",
    "TRACKTIK_USERNAME",
    "TRACKTIK_PASSWORD",
];

/// What a variable holds; nothing where it is not set, or is no UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "settings.rs is the operator's; this is the one place of the plugin that looks at the environment"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether the environment forbids colours: <https://no-color.org>, and terminals that have none.
pub fn no_colours() -> bool {
    let set = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    set || variable("TERM").is_some_and(|kind| kind == "dumb")
}

/// The domain of the environment.
///
/// # Errors
/// It is not set.
pub fn domain() -> Result<String, Failed> {
    variable(DOMAIN)
        .filter(|domain| !domain.is_empty())
        .ok_or_else(|| Failed::Usage(format!("{DOMAIN} is not set: --from-env takes the domain from it")))
}

/// What is wrong with each of the four variables, and the account where nothing is.
pub fn account() -> ([(&'static str, Option<String>); 4], Option<ServiceAccount>) {
    let values = ACCOUNT.map(|name| (name, value(name)));
    let problems = values
        .each_ref()
        .map(|(name, value)| (*name, value.as_ref().err().cloned()));
    let [(_, client_id), (_, client_secret), (_, username), (_, password)] = values;
    let whole = || {
        Some(ServiceAccount {
            client_id: client_id.ok()?,
            client_secret: client_secret.ok()?,
            username: username.ok()?,
            password: password.ok()?,
        })
    };
    (problems, whole())
}

fn value(name: &str) -> Result<Sensitive, String> {
    let text = Zeroizing::new(variable(name).ok_or_else(|| format!("{name} is not set"))?);
    checked(text.as_bytes()).map_err(|why| format!("{name} {why}"))
}

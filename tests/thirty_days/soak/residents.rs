//! Who lives in the simulated cluster: the credentials that are to be served, and beside them those that are broken.

use serde_json::json;
use testbed::simulator::Account;

use super::tenants::Tenants;
use crate::{api_server::ApiServer, leaks::CANARY};

/// A credential with its account.
#[derive(Clone, Debug)]
pub struct Resident {
    /// `namespace/name`.
    pub name: String,
    pub host: usize,
    pub grant: &'static str,
    /// Renewed as late as may be asked for, five minutes before its token expires.
    pub late: bool,
    /// Several credentials may use one.
    pub account: Account,
    /// What is wrong with it, for good.
    pub broken: Option<Broken>,
}

/// What may be wrong with a credential for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    WrongPassword,
    NoSource,
    TargetTaken,
    DomainNotAllowed,
}

const BROKEN: [Broken; 4] = [
    Broken::WrongPassword,
    Broken::NoSource,
    Broken::TargetTaken,
    Broken::DomainNotAllowed,
];

/// The domain of a tenant.
pub fn domain(host: usize) -> String {
    format!("tenant-{host}.staffr.net")
}

/// So many credentials in many namespaces, on so many hosts; every fourth is renewed by refreshes, every seventh as late as may
/// be asked for, and every fiftieth shares the account of the one before it.
pub fn healthy(count: usize, hosts: usize) -> Vec<Resident> {
    let mut all: Vec<Resident> = Vec::with_capacity(count);
    for number in 0..count {
        let shares = number % 50 == 49;
        let before = all.last().filter(|_| shares);
        let (host, account) = before.map_or_else(
            || (number % hosts, account(&format!("user-{number}"))),
            |before| (before.host, before.account.clone()),
        );
        all.push(Resident {
            name: format!("team-{}/c{number:05}", number % 60),
            host,
            grant: if number % 4 == 3 && !shares {
                "Refresh"
            } else {
                "Password"
            },
            late: number % 7 == 6,
            account,
            broken: None,
        });
    }
    all
}

/// So many that never get a token, all in one namespace.
pub fn broken(count: usize, hosts: usize) -> impl Iterator<Item = Resident> {
    (0..count).map(move |number| Resident {
        name: format!("broken/b{number:05}"),
        host: number % hosts,
        grant: "Password",
        late: false,
        account: account(&format!("broken-{number}")),
        broken: Some(BROKEN[number % BROKEN.len()]),
    })
}

/// An account of this user.
pub fn account(username: &str) -> Account {
    Account {
        client_id: "client".to_owned(),
        client_secret: secret("client secret"),
        username: username.to_owned(),
        password: secret(&format!("password of {username}")),
    }
}

/// A value that would be known again wherever it leaks to.
pub fn secret(what: &str) -> String {
    format!("{CANARY} {what}")
}

impl Resident {
    /// Applies its objects, and has TrackTik know its account.
    pub fn moves_in(&self, api: &ApiServer, tracktik: &Tenants) {
        tracktik.admit(&self.account);
        let mut typed = self.account.clone();
        if self.broken == Some(Broken::WrongPassword) {
            typed.password.push('?');
        }
        if self.broken != Some(Broken::NoSource) {
            api.write_source(&self.name, &typed);
        }
        if self.broken == Some(Broken::TargetTaken) {
            api.take_name(&format!("{}-token", self.name));
        }
        let domain = match self.broken {
            Some(Broken::DomainNotAllowed) => "tracktik.invalid".to_owned(),
            _ => domain(self.host),
        };
        api.add_credential_alone(&self.name, self.grant, &domain);
        if self.late {
            let late = json!({ "grant": self.grant, "renewBeforeSeconds": 300 });
            api.edit_spec(&self.name, "renewal", late);
        }
    }
}

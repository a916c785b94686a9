//! The body of a token request. Nothing in here is printed, and no `scope` is ever written: TrackTik fixes it on the
//! server, and other servers take an empty one for an error.

use zeroize::Zeroizing;

use crate::{
    api::Grant,
    secrets::sensitive::{Sensitive, ServiceAccount},
};

/// What is asked for, and with which values.
#[derive(Clone, Copy, Debug)]
pub enum GrantRequest<'a> {
    /// A login (RFC 6749 section 4.3).
    Password(&'a ServiceAccount),
    /// A renewal by refresh token (RFC 6749 section 6), at which TrackTik revokes the old pair at once.
    Refresh {
        /// The OAuth 2 client id that the token was issued to.
        client_id: &'a Sensitive,
        /// The OAuth 2 client secret.
        client_secret: &'a Sensitive,
        /// The refresh token, never sent before.
        refresh_token: &'a Sensitive,
    },
}

impl GrantRequest<'_> {
    /// Which grant it is: answers mean different things for each.
    #[must_use]
    pub fn grant(&self) -> Grant {
        match self {
            Self::Password(_) => Grant::Password,
            Self::Refresh { .. } => Grant::Refresh,
        }
    }

    /// The body as `application/x-www-form-urlencoded`, wiped from memory when dropped.
    #[must_use]
    pub fn form(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Password(account) => encode(&[
                ("grant_type", "password"),
                ("client_id", account.client_id.expose()),
                ("client_secret", account.client_secret.expose()),
                ("username", account.username.expose()),
                ("password", account.password.expose()),
            ]),
            Self::Refresh {
                client_id,
                client_secret,
                refresh_token,
            } => encode(&[
                ("grant_type", "refresh_token"),
                ("client_id", client_id.expose()),
                ("client_secret", client_secret.expose()),
                ("refresh_token", refresh_token.expose()),
            ]),
        }
    }
}

/// Encodes the pairs. The keys are our own and need no encoding.
fn encode(pairs: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // Room for the worst case at once: a buffer that grows leaves a copy of a password in freed memory.
    let room = pairs.iter().map(|(key, value)| key.len() + 3 * value.len() + 2).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    for (key, value) in pairs {
        if !body.is_empty() {
            body.push(b'&');
        }
        body.extend_from_slice(key.as_bytes());
        body.push(b'=');
        for &byte in value.as_bytes() {
            // RFC 3986's unreserved characters. A space becomes %20, not `+`: every decoder reads that as a space.
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                body.push(byte);
            } else {
                body.extend_from_slice(&[b'%', hex(byte >> 4), hex(byte & 15)]);
            }
        }
    }
    body
}

/// The upper-case hexadecimal digit of a number below 16.
fn hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sensitive(text: &str) -> Sensitive {
        Sensitive::from(text.to_owned())
    }

    fn account(username: &str, password: &str) -> ServiceAccount {
        ServiceAccount {
            client_id: sensitive("id"),
            client_secret: sensitive("s3cret"),
            username: sensitive(username),
            password: sensitive(password),
        }
    }

    /// As a server reads it.
    fn decode(body: &[u8]) -> Vec<(String, String)> {
        let url = format!("https://x/?{}", std::str::from_utf8(body).unwrap());
        reqwest::Url::parse(&url).unwrap().query_pairs().into_owned().collect()
    }

    #[test]
    fn a_login_is_five_keys_and_no_scope() {
        let form = GrantRequest::Password(&account("api.acme@example.com", "a&b=c+d%20 é")).form();
        assert_eq!(
            std::str::from_utf8(&form).unwrap(),
            "grant_type=password&client_id=id&client_secret=s3cret&username=api.acme%40example.com\
             &password=a%26b%3Dc%2Bd%2520%20%C3%A9"
        );
    }

    #[test]
    fn a_refresh_is_four_keys_and_no_scope() {
        let (id, secret, token) = (sensitive("id"), sensitive("s3cret"), sensitive("def50200ab"));
        let request = GrantRequest::Refresh {
            client_id: &id,
            client_secret: &secret,
            refresh_token: &token,
        };
        assert_eq!(
            std::str::from_utf8(&request.form()).unwrap(),
            "grant_type=refresh_token&client_id=id&client_secret=s3cret&refresh_token=def50200ab"
        );
        assert_eq!(request.grant(), Grant::Refresh);
        assert!(!format!("{request:?}").contains("def50200ab"));
    }

    proptest! {
        #[test]
        fn any_value_arrives_as_it_was(username in any::<String>(), password in "[&+%= \\r\\n\u{0}-\u{ff}]{0,40}") {
            let account = account(&username, &password);
            let request = GrantRequest::Password(&account);
            let form = request.form();
            let room = form.capacity();
            let pairs = decode(&form);
            let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
            prop_assert_eq!(keys, ["grant_type", "client_id", "client_secret", "username", "password"]);
            prop_assert_eq!(&pairs[3].1, &username);
            prop_assert_eq!(&pairs[4].1, &password);
            prop_assert!(form.len() <= room);
        }
    }
}

//! Values that must never be printed. Nothing else is in this room, and nothing in it formats, compares or serialises.
//!
//! Everything that holds such a value may derive `Debug`: a log line, a panic message or an `assert` that prints it shows
//! `[redacted]`.

use std::fmt;

use zeroize::Zeroizing;

use crate::api::Span;

/// A password, a token, or anything else that is worth stealing: wiped from memory when dropped.
///
/// It implements neither `Serialize` nor `PartialEq`: both would be a way out that no reviewer notices.
#[derive(Clone)]
pub struct Sensitive(Zeroizing<String>);

impl Sensitive {
    /// The value itself. Call it where the value goes on its way, not earlier, and keep no copy.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Sensitive {
    /// Takes the text over as it is: a boxed or shrunk copy would leave the original in freed memory.
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// As [`Sensitive`], of any bytes: what stands under a key of a Secret.
#[derive(Clone)]
pub struct SensitiveBytes(Zeroizing<Vec<u8>>);

impl SensitiveBytes {
    /// The bytes themselves, as [`Sensitive::expose`].
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SensitiveBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for SensitiveBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a token endpoint granted.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Printable ASCII without spaces, 1 to 16,384 characters: it goes into `Authorization` headers.
    pub access_token: Sensitive,
    /// Single use. Absent where the server gave none, or none that could be sent back.
    pub refresh_token: Option<Sensitive>,
    /// Always `Bearer`, however the server spelt it.
    pub token_type: String,
    /// From the time of the request: 30 seconds to a year.
    pub expires_in: Span,
}

/// The four values that log in: an OAuth 2 client and an employee's login (RFC 6749 section 4.3).
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// The OAuth 2 client id.
    pub client_id: Sensitive,
    /// The OAuth 2 client secret.
    pub client_secret: Sensitive,
    /// The employee's user name; may be an e-mail address, so it is personal data.
    pub username: Sensitive,
    /// The employee's password.
    pub password: Sensitive,
}

#[cfg(test)]
mod tests {
    use super::{
        super::layout::{Data, Name, Values},
        *,
    };

    fn secret() -> Sensitive {
        Sensitive::from("correct horse battery staple".to_owned())
    }

    #[test]
    fn nothing_that_holds_a_value_prints_it() {
        let account = ServiceAccount {
            client_id: secret(),
            client_secret: secret(),
            username: secret(),
            password: secret(),
        };
        let tokens = Tokens {
            access_token: secret(),
            refresh_token: Some(secret()),
            token_type: "Bearer".to_owned(),
            expires_in: Span::hours(1),
        };
        let values = Values::from([(Name::AccessToken, secret())]);
        let data = Data::from([("key".to_owned(), SensitiveBytes::from(b"horse".to_vec()))]);
        assert_eq!(
            format!("{values:?} {data:?}"),
            r#"{AccessToken: [redacted]} {"key": [redacted]}"#
        );
        let printed = format!(
            "{account:?} {account:#?} {tokens:?} {tokens:#?} {} {:?}",
            secret(),
            secret()
        );
        assert!(!printed.contains("horse"), "{printed}");
        assert!(printed.contains("[redacted]"));
        assert_eq!(secret().expose(), "correct horse battery staple");
    }

    /// Fails to compile as soon as somebody implements one of the traits: the call would be ambiguous.
    #[test]
    fn a_value_has_no_other_way_out() {
        trait AmbiguousIf<A> {
            fn holds() {}
        }
        impl<T> AmbiguousIf<()> for T {}
        impl<T: serde::Serialize> AmbiguousIf<u8> for T {}
        impl<T: PartialEq> AmbiguousIf<u16> for T {}
        impl<T: AsRef<str>> AmbiguousIf<u32> for T {}
        <Sensitive as AmbiguousIf<_>>::holds();
        <SensitiveBytes as AmbiguousIf<_>>::holds();
    }
}

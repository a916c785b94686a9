//! Whatever a server says, nothing of it gets into what is printed, and nothing makes the judge panic.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use tracktik_operator::{
    api::{Grant, Moment},
    oauth::answer::{Answer, Body, classify},
};

fn grants() -> impl Strategy<Value = Grant> {
    prop_oneof![Just(Grant::Password), Just(Grant::Refresh)]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![
        Just("retry-after"),
        Just("server"),
        Just("content-type"),
        Just("location")
    ];
    let value = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "[0-9]{1,30}".prop_map(String::into_bytes),
        Just(b"awselb/2.0".to_vec()),
    ];
    proptest::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let valid = |(name, value): (&'static str, Vec<u8>)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
        };
        pairs.into_iter().filter_map(valid).collect()
    })
}

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![
        Just(200),
        Just(400),
        Just(401),
        Just(403),
        Just(429),
        Just(503),
        any::<u16>()
    ]
}

/// Texts that no message contains by chance.
fn secret() -> impl Strategy<Value = String> {
    "[A-Z0-9#%&]{12,60}"
}

/// Bodies in the dialects of real servers with a secret in each place.
fn bodies() -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let lifetime = prop_oneof![
        Just("3600".to_owned()),
        any::<f64>().prop_map(|f| format!("{f:e}")),
        secret()
    ];
    (secret(), secret(), lifetime, 0..7_usize).prop_map(|(one, two, lifetime, shape)| {
        let body = match shape {
            0 => format!(r#"{{"error":"{one}","error_description":"{two}"}}"#),
            1 => format!(r#"{{"error":"invalid_grant","error_description":"{one}","hint":"{two}","message":"{one}"}}"#),
            2 => format!(r#"{{"status":401,"error":"{one} {two}"}}"#),
            3 => format!(
                r#"{{"access_token":"{one}","refresh_token":"{two}","token_type":"Bearer","expires_in":{lifetime}}}"#
            ),
            4 => format!(r#"{{"access_token":"{one}","token_type":"{two}","expires_in":"{lifetime}"}}"#),
            5 => format!(r#"{{"access_token":"{one} {two}","token_type":"Bearer","expires_in":3600"#),
            _ => format!("<html>{one}{two}"),
        };
        (vec![one, two], body.into_bytes())
    })
}

/// What gets printed of an outcome, in every way there is.
fn printed(grant: Grant, status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    let answer = Answer {
        status,
        headers,
        body: Body::Whole(body),
    };
    let asked = format!("{:?}", answer.body);
    match classify(grant, &answer, Moment::from_seconds(1_800_000_000)) {
        Ok(tokens) => format!("{asked} {tokens:?} {tokens:#?}"),
        Err(failure) => {
            let message = failure.message("acme.staffr.net");
            format!(
                "{asked} {failure:?} {message} {} {:?} {:?}",
                failure.outcome(),
                failure.reason(),
                failure.pace()
            )
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_judged_and_not_repeated(
        grant in grants(),
        status in statuses(),
        headers in headers(),
        body in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let printed = printed(grant, status, &headers, &body);
        for part in body.windows(12) {
            prop_assert!(!printed.as_bytes().windows(12).any(|window| window == part));
        }
    }

    #[test]
    fn secrets_in_bodies_of_real_shape_are_not_repeated(
        grant in grants(),
        status in statuses(),
        headers in headers(),
        (secrets, body) in bodies(),
    ) {
        let printed = printed(grant, status, &headers, &body);
        for secret in &secrets {
            for part in secret.as_bytes().windows(12) {
                let part = std::str::from_utf8(part).unwrap();
                prop_assert!(!printed.contains(part), "{part} in {printed}");
            }
        }
        prop_assert!(printed.len() < 1_500);
    }
}

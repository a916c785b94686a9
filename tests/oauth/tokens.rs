//! What a usable token is, in every spelling of servers.

use tracktik_operator::{
    api::{Grant, Span},
    oauth::{Misbehaviour, TokenRequestFailure, answer::Body},
    secrets::sensitive::Tokens,
};

use crate::answers::judge;

fn token_body(fields: &str) -> Result<Tokens, TokenRequestFailure> {
    judge(Grant::Password, 200, &[], Body::Whole(fields.as_bytes()))
}

#[test]
fn the_answer_that_was_captured_is_a_token() {
    let access = format!("eyJ0eXAi.{}._-", "x".repeat(1_170));
    let refresh = format!("def50200{}", "0".repeat(916));
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{access}","refresh_token":"{refresh}",
            "id_token":"eyJ…","media_token":null,"extra":[{{"access_token":"no"}}]}}"#
    );
    let tokens = token_body(&body).unwrap();
    assert_eq!(tokens.access_token.expose(), access);
    assert_eq!(tokens.refresh_token.unwrap().expose(), refresh);
    assert_eq!(
        (tokens.token_type.as_str(), tokens.expires_in),
        ("Bearer", Span::hours(1))
    );
}

#[test]
fn expires_in_is_read_in_all_its_spellings() {
    let year = Span::hours(365 * 24);
    let ok = |seconds| Ok(Span::seconds(seconds));
    let (unreadable, short) = (
        Err(Misbehaviour::LifetimeUnreadable),
        Err(Misbehaviour::LifetimeTooShort),
    );
    for (value, expected) in [
        ("3600", ok(3_600)),
        ("3599", ok(3_599)),
        ("3600.0", ok(3_600)),
        ("3599.97", ok(3_599)),
        ("3.6e3", ok(3_600)),
        ("\"3600\"", ok(3_600)),
        ("30", ok(30)),
        ("31536000", Ok(year)),
        ("31536001", Ok(year)),
        ("9223372036854775808", Ok(year)),
        ("1e300", Ok(year)),
        ("\"99999999999999999999\"", Ok(year)),
        ("29", short),
        ("29.99", short),
        ("0", short),
        ("-1", short),
        ("-1e300", short),
        ("-9223372036854775808", short),
        ("null", unreadable),
        ("true", unreadable),
        ("[3600]", unreadable),
        ("\"\"", unreadable),
        ("\"1 hour\"", unreadable),
        ("\" 3600\"", unreadable),
        ("\"-3600\"", unreadable),
        ("1e999", Err(Misbehaviour::NotJson)),
    ] {
        let body = format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":{value}}}"#);
        let status = Some(200);
        let expected = expected.map_err(|what| TokenRequestFailure::Misbehaved { status, what });
        assert_eq!(token_body(&body).map(|tokens| tokens.expires_in), expected, "{value}");
    }
    let missing = token_body(r#"{"access_token":"a","token_type":"bearer"}"#).unwrap_err();
    assert!(missing.message("a.b").contains("without a readable expires_in"));
}

#[test]
fn a_200_without_a_usable_token_is_none() {
    let long = format!("\"{}\"", "a".repeat(16_385));
    let with = |key: &str, value: &str| {
        let mut fields = vec![
            ("access_token", "\"a\""),
            ("token_type", "\"Bearer\""),
            ("expires_in", "3600"),
        ];
        fields.retain(|(name, _)| *name != key);
        fields.push((key, value));
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    for (key, value, what) in [
        ("access_token", "null", Misbehaviour::NoAccessToken),
        ("access_token", "\"\"", Misbehaviour::NoAccessToken),
        ("access_token", "7", Misbehaviour::AccessTokenUnusable),
        ("access_token", "\"a b\"", Misbehaviour::AccessTokenUnusable),
        ("access_token", r#""a\r\nX-Evil: 1""#, Misbehaviour::AccessTokenUnusable),
        ("access_token", r#""a\u0000""#, Misbehaviour::AccessTokenUnusable),
        ("access_token", "\"é\"", Misbehaviour::AccessTokenUnusable),
        ("access_token", long.as_str(), Misbehaviour::AccessTokenUnusable),
        ("token_type", "null", Misbehaviour::TokenTypeNotBearer),
        ("token_type", "\"mac\"", Misbehaviour::TokenTypeNotBearer),
        ("token_type", "\"Bearer \"", Misbehaviour::TokenTypeNotBearer),
        ("error", "\"invalid_grant\"", Misbehaviour::ErrorWithStatus200),
        ("error", "{}", Misbehaviour::ErrorWithStatus200),
    ] {
        let failure = token_body(&with(key, value)).unwrap_err();
        let status = Some(200);
        assert_eq!(
            failure,
            TokenRequestFailure::Misbehaved { status, what },
            "{key} {value}"
        );
    }
    for body in ["", "<html>OK</html>", "[]", "null", "{", "\u{feff}"] {
        assert!(token_body(body).unwrap_err().message("a.b").contains("JSON"), "{body}");
    }
    assert!(token_body(&with("error", "null")).is_ok());
    for (spelling, kept) in [("\"BEARER\"", true), ("\"bearer\"", true)] {
        assert_eq!(
            token_body(&with("token_type", spelling)).unwrap().token_type == "Bearer",
            kept
        );
    }
    for refresh in ["null", "\"\"", "7", "\"a\\nb\"", long.as_str()] {
        assert!(
            token_body(&with("refresh_token", refresh))
                .unwrap()
                .refresh_token
                .is_none(),
            "{refresh}"
        );
    }
}

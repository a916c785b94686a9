//! Grants and sessions in virtual time: who gets tokens, and what lives how long.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use testbed::simulator::{
    Granted, TokenRequest,
    world::{Reply, Rules, World},
};

use crate::client::account;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const START: Duration = Duration::ZERO;

fn world() -> World {
    let mut world = World::new(Rules::default());
    world.add_account(account("ada"));
    world
}

fn granted(world: &mut World, now: Duration, asked: &TokenRequest) -> Granted {
    match world.token_request(now, HERE, asked) {
        Reply::Granted(granted) => Some(granted),
        _ => None,
    }
    .expect("tokens")
}

/// Status, `error` and `hint` of a refusal.
fn refused(world: &mut World, asked: &TokenRequest) -> (u16, &'static str, String) {
    match world.token_request(START, HERE, asked) {
        Reply::Refused(refusal) => Some((refusal.status, refusal.error, refusal.hint.unwrap_or_default())),
        _ => None,
    }
    .expect("a refusal")
}

#[test]
fn refusals_are_those_of_league_8() {
    let mut world = world();
    let login = || TokenRequest::login(&account("ada"));
    let refresh = |token| TokenRequest::refresh(&account("ada"), token);
    let unsupported = "Check that all required parameters have been provided";
    let scopeless = "Specify a scope in the request or set a default scope";
    let table = [
        (login().with("username", "bob"), 400, "invalid_grant", ""),
        (login().with("password", "wrong"), 400, "invalid_grant", ""),
        (login().with("client_id", "other"), 401, "invalid_client", ""),
        (login().with("client_secret", ""), 401, "invalid_client", ""),
        (login().without("client_secret"), 401, "invalid_client", ""),
        (
            login().without("client_id"),
            400,
            "invalid_request",
            "Check the `client_id` parameter",
        ),
        (
            login().without("username"),
            400,
            "invalid_request",
            "Check the `username` parameter",
        ),
        (
            login().without("password"),
            400,
            "invalid_request",
            "Check the `password` parameter",
        ),
        (login().with("scope", ""), 400, "invalid_scope", scopeless),
        (
            login().with("scope", "all"),
            400,
            "invalid_scope",
            "Check the `all` scope",
        ),
        (
            login().without("grant_type"),
            400,
            "unsupported_grant_type",
            unsupported,
        ),
        (
            login().with("grant_type", "magic"),
            400,
            "unsupported_grant_type",
            unsupported,
        ),
        (TokenRequest::default(), 400, "unsupported_grant_type", unsupported),
        (
            refresh("garbage"),
            401,
            "invalid_request",
            "Cannot decrypt the refresh token",
        ),
        (
            refresh("").without("refresh_token"),
            400,
            "invalid_request",
            "Check the `refresh_token` parameter",
        ),
    ];
    let cases = table.len() as u64;
    for (asked, status, error, hint) in table {
        let expected = (status, error, hint.to_owned());
        assert_eq!(refused(&mut world, &asked), expected, "{asked:?}");
    }
    let counts = world.counts();
    assert_eq!((counts.refused, counts.logins, counts.scope_sent), (cases, 0, 2));
    // Two wrong logins, three wrong clients, one garbage token: the rest authenticated nobody.
    assert_eq!(counts.worst_failures_per_two_minutes, 6);
}

#[test]
fn password_grants_are_independent_sessions() {
    let mut world = world();
    let login = TokenRequest::login(&account("ada"));
    let first = granted(&mut world, START, &login);
    let second = granted(&mut world, START, &login);
    assert_ne!(first.access_token, second.access_token);
    granted(
        &mut world,
        START,
        &TokenRequest::refresh(&account("ada"), &second.refresh_token),
    );
    assert!(world.valid(START, &first.access_token));
    assert!(!world.valid(START, &second.access_token));
    assert_eq!(world.owner_of(&second.access_token), Some("ada"));
}

#[test]
fn a_refresh_revokes_both_old_tokens_at_once() {
    let mut world = world();
    let old = granted(&mut world, START, &TokenRequest::login(&account("ada")));
    let refresh = TokenRequest::refresh(&account("ada"), &old.refresh_token);
    let new = granted(&mut world, START, &refresh);
    assert!(!world.valid(START, &old.access_token));
    assert!(world.valid(START, &new.access_token));
    let hint = "Token has been revoked".to_owned();
    assert_eq!(refused(&mut world, &refresh), (401, "invalid_request", hint));
    assert_eq!(world.counts().replays, 1);
    // A replay kills nothing: league has no reuse protection.
    assert!(world.valid(START, &new.access_token));
    granted(
        &mut world,
        START,
        &TokenRequest::refresh(&account("ada"), &new.refresh_token),
    );
}

#[test]
fn a_refused_refresh_consumes_nothing() {
    let mut world = world();
    let mut stranger = account("ada");
    stranger.client_id = "another".to_owned();
    world.add_account(stranger.clone());
    let session = granted(&mut world, START, &TokenRequest::login(&account("ada")));
    let refresh = TokenRequest::refresh(&account("ada"), &session.refresh_token);
    let foreign = TokenRequest::refresh(&stranger, &session.refresh_token);
    assert_eq!(refused(&mut world, &foreign).2, "Token is not linked to client");
    assert_eq!(
        refused(&mut world, &refresh.clone().with("scope", "")).1,
        "invalid_scope"
    );
    assert!(world.valid(START, &session.access_token));
    granted(&mut world, START, &refresh);
    assert_eq!(world.counts().replays, 0);
}

#[test]
fn tokens_end_with_their_lives() {
    let mut world = world();
    let session = granted(&mut world, START, &TokenRequest::login(&account("ada")));
    assert_eq!(session.expires_in, 3600);
    let table = [(0, true), (3599, true), (3600, false), (86_400, false)];
    for (seconds, alive) in table {
        let now = Duration::from_secs(seconds);
        assert_eq!(world.valid(now, &session.access_token), alive, "after {seconds} s");
        let reader = world.whoami(now, &session.access_token);
        assert_eq!(reader.as_deref(), alive.then_some("ada"));
    }
    assert_eq!((world.counts().reader_requests, world.counts().reader_failures), (4, 2));
    let month_later = Duration::from_hours(30 * 24);
    let refresh = TokenRequest::refresh(&account("ada"), &session.refresh_token);
    let reply = world.token_request(month_later, HERE, &refresh);
    assert!(matches!(reply, Reply::Refused(refusal) if refusal.hint.as_deref() == Some("Token has expired")));
}

#[test]
fn a_changed_password_ends_no_session() {
    let mut world = world();
    let login = TokenRequest::login(&account("ada"));
    let session = granted(&mut world, START, &login);
    assert!(world.change_password("ada", "new"));
    assert!(!world.change_password("nobody", "new"));
    assert_eq!(refused(&mut world, &login).1, "invalid_grant");
    assert!(world.valid(START, &session.access_token));
    granted(&mut world, START, &login.clone().with("password", "new"));
    for leak in [
        &account("ada").password,
        "new",
        &session.access_token,
        &session.refresh_token,
    ] {
        assert!(world.secrets().iter().any(|secret| secret == leak));
    }
}

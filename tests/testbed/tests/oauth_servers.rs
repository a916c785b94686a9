//! The real OAuth servers answer over TLS that the test authority vouches for, know their accounts,
//! count what they answer, and end with the handle.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client, StatusCode};
use serde_json::Value;
use testbed::{
    account::Account,
    certificates::Authority,
    oauth_servers::{Kind, OAuthServer, UserCounts},
};
use tokio::net::TcpStream;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::test]
async fn django_logs_in_refuses_counts_and_ends() -> Outcome {
    logs_in_refuses_counts_and_ends(Kind::Django).await
}

#[tokio::test]
async fn node_logs_in_refuses_counts_and_ends() -> Outcome {
    logs_in_refuses_counts_and_ends(Kind::Node).await
}

async fn logs_in_refuses_counts_and_ends(kind: Kind) -> Outcome {
    let authority = Authority::new()?;
    let server = OAuthServer::start(kind, &authority, 5).await?;
    let client = client(&authority)?;
    // Every character that a form must escape; the password also ends in one.
    let account = Account {
        client_id: "0123456789abcdef01234567".into(),
        client_secret: "s&e=c+r%e t".into(),
        username: "api+user@example.ca".into(),
        password: "pä&ss+w%rd=".into(),
    };
    server.add_account(&account).await?;

    let (status, tokens) = log_in(&client, &server, &account).await?;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(matches!(tokens["expires_in"].as_u64(), Some(4 | 5)), "{tokens}");
    let first = text(&tokens, "access_token");
    assert_eq!(server.whoami(&first).await?.as_deref(), Some("api+user@example.ca"));
    assert_eq!(server.whoami("made up").await?, None);

    let wrong_password = Account {
        password: "wrong".into(),
        ..account.clone()
    };
    let refusal = refused(&client, &server, &wrong_password).await?;
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));

    let wrong_client = Account {
        client_secret: "wrong".into(),
        ..account.clone()
    };
    let refusal = refused(&client, &server, &wrong_client).await?;
    assert_eq!(refusal, (401, "invalid_client".to_owned()));

    let asked = Instant::now();
    let refreshed = refresh(&client, &server, &account, &text(&tokens, "refresh_token")).await?;
    let second = text(&refreshed, "access_token");
    assert_eq!(server.whoami(&first).await?, None, "a refresh ends the token before it");
    assert_eq!(server.whoami(&second).await?.as_deref(), Some("api+user@example.ca"));

    server.change_password(&account.username, "changed").await?;
    let refusal = refused(&client, &server, &account).await?;
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
    let changed = Account {
        password: "changed".into(),
        ..account.clone()
    };
    let (status, _) = log_in(&client, &server, &changed).await?;
    assert_eq!(status, StatusCode::OK);
    assert!(server.change_password("nobody", "x").await.is_err());

    let counts = server.counts().await?;
    assert_eq!((counts.logins, counts.refused, counts.refreshes), (2, 3, 1));
    let of_the_account = &counts.by_username[&account.username];
    let expected = UserCounts {
        logins: 2,
        refused: 3,
        refreshes: 1,
        login_times: of_the_account.login_times.clone(),
    };
    assert_eq!(*of_the_account, expected);
    assert!(of_the_account.login_times.len() == 2 && of_the_account.login_times.is_sorted());
    assert_eq!(counts.repeated_refresh_tokens, 0);

    // A refusal that came sooner would be for another reason, such as the changed password.
    while server.whoami(&second).await?.is_some() {
        assert!(asked.elapsed() < Duration::from_secs(30), "the token outlives its 5 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let lived = asked.elapsed();
    assert!(lived >= Duration::from_secs(4), "the token ended after {lived:?}");

    let spent = text(&tokens, "refresh_token");
    assert!(refresh(&client, &server, &account, &spent).await.is_err());
    assert_eq!(server.counts().await?.repeated_refresh_tokens, 1);

    let domain = server.domain();
    drop(server);
    assert!(stops_listening(&domain).await, "{domain} still listens");
    Ok(())
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_refuses_the_server() -> Outcome {
    let server = OAuthServer::start(Kind::Node, &Authority::new()?, 60).await?;
    let stranger = client(&Authority::new()?)?;
    let failure = stranger.get(server.token_url()).send().await.err();
    assert!(failure.is_some_and(|failure| failure.is_connect()));
    assert!(server.stop().await.success());
    Ok(())
}

fn client(authority: &Authority) -> Result<Client, Box<dyn Error>> {
    testbed::install_tls_provider();
    let ca = Certificate::from_pem(authority.ca_pem().as_bytes())?;
    Ok(Client::builder().tls_certs_only([ca]).no_proxy().build()?)
}

async fn log_in(
    client: &Client,
    server: &OAuthServer,
    account: &Account,
) -> Result<(StatusCode, Value), Box<dyn Error>> {
    let form = [
        ("grant_type", "password"),
        ("client_id", &account.client_id),
        ("client_secret", &account.client_secret),
        ("username", &account.username),
        ("password", &account.password),
    ];
    let answer = client.post(server.token_url()).form(&form).send().await?;
    Ok((answer.status(), answer.json().await?))
}

async fn refused(client: &Client, server: &OAuthServer, account: &Account) -> Result<(u16, String), Box<dyn Error>> {
    let (status, body) = log_in(client, server, account).await?;
    Ok((status.as_u16(), text(&body, "error")))
}

async fn refresh(
    client: &Client,
    server: &OAuthServer,
    account: &Account,
    refresh_token: &str,
) -> Result<Value, Box<dyn Error>> {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &account.client_id),
        ("client_secret", &account.client_secret),
        ("refresh_token", refresh_token),
    ];
    let answer = client.post(server.token_url()).form(&form).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

fn text(body: &Value, key: &str) -> String {
    body[key].as_str().unwrap_or_default().to_owned()
}

/// The port closes when the process ends: no other thing in it would close it.
async fn stops_listening(domain: &str) -> bool {
    for _ in 0..100 {
        if TcpStream::connect(domain).await.is_err() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

//! What is done again and again, one by one: looking at a credential, deciding, reading an answer, rendering a Secret, a
//! scrape. `cargo bench --profile scale --bench micro`; the whole of it is measured by the bench of scale.

#![expect(clippy::unwrap_used, reason = "a program for the developers of the operator")]

use std::{convert::Infallible, hint::black_box, sync::Arc};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use kube::{Client, client::Body};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    api::{Grant, Moment, Reason, Span, TrackTikCredentialSpec, annotations, conditions::Truth},
    clock::Clock,
    cluster::{Claim, CredentialObject, CredentialView, ObjectKey, Stores, events::Events},
    controller::{Context, Parts, memory::Memory, observation},
    health::Readiness,
    metrics::{CredentialFigures, Metrics},
    oauth::{
        AllowedDomains, GrantRequest, TokenEndpoint, TokenRequestFailure,
        answer::{Answer, Body as AnswerBody, classify},
    },
    rotation::{decide, gate::Limits, observation::Issue},
    secrets::{
        issue_record,
        metadata::SecretMeta,
        ownership::Mark,
        sensitive::Tokens,
        token_secret::{Desired, Precondition},
    },
};

const CREDENTIALS: usize = 10_000;

/// Nobody asks it.
struct Nobody;

impl TokenEndpoint for Nobody {
    fn request_token<'a>(
        &'a self,
        _: &'a str,
        _: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        Box::pin(std::future::pending())
    }
}

fn spec() -> TrackTikCredentialSpec {
    serde_json::from_value(json!({
        "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "acme" } },
    }))
    .unwrap()
}

fn mark() -> Mark {
    Mark {
        namespace: "team".to_owned(),
        name: "acme".to_owned(),
        uid: "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
    }
}

/// The answer of TrackTik's that was captured has these lengths.
fn answer() -> Vec<u8> {
    let body = json!({
        "token_type": "Bearer", "expires_in": 3_600, "access_token": "a".repeat(1_180), "refresh_token": "b".repeat(924),
        "id_token": "c".repeat(1_000), "media_token": "d".repeat(64),
    });
    serde_json::to_vec(&body).unwrap()
}

fn tokens() -> Tokens {
    let (headers, body) = (HeaderMap::new(), answer());
    let answer = Answer {
        status: 200,
        headers: &headers,
        body: AnswerBody::Whole(&body),
    };
    classify(Grant::Password, &answer, Moment::default()).unwrap_or_else(|_| unreachable!("it is a token"))
}

/// A credential with a fresh token, as the watches would have brought it.
fn stores(now: Moment) -> (Stores, Arc<CredentialView>) {
    let desired = Desired::of(&spec(), mark());
    let issue = Issue {
        issue_id: "0".repeat(32),
        issued_at: now.whole_second(),
        expires_at: now.whole_second() + Span::hours(1),
        identity: tracktik_operator::secrets::source::SourcePlan::of(&spec()).identity(),
        sources: vec!["acme@s/1".to_owned()],
        layout: desired.layout.canonical(),
        data_hash: "0".repeat(64),
        refreshable: true,
        asked: Vec::new(),
    };
    let facts = issue_record::write(&issue, "acme-token").unwrap();
    let token = json!({
        "namespace": "team", "name": "acme-token", "uid": "t", "resourceVersion": "7",
        "labels": { annotations::MANAGED_BY: "tracktik-operator" },
        "annotations": { annotations::CREDENTIAL: mark().to_string(), annotations::ISSUE: facts },
        "ownerReferences": [{ "apiVersion": "v1", "kind": "k", "name": "acme", "uid": mark().uid, "controller": true }],
    });
    let source = json!({ "namespace": "team", "name": "acme", "uid": "s", "resourceVersion": "1" });
    let credential: CredentialObject = serde_json::from_value(json!({
        "metadata": { "namespace": "team", "name": "acme", "uid": mark().uid, "resourceVersion": "8", "generation": 1 },
        "spec": spec(),
        "status": { "tokenSecret": { "name": "acme-token", "resourceVersion": "7" } },
    }))
    .unwrap();
    let stores = Stores::default();
    for meta in [token, source] {
        let _ = stores.put_secret(SecretMeta::from_object_meta(serde_json::from_value(meta).unwrap()));
    }
    let _ = stores.put_credential(credential.into());
    let seen = stores.credential(&ObjectKey::new("team", "acme")).unwrap();
    (stores, seen)
}

fn context(stores: Stores) -> Context {
    let service = tower::service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
    let client = Client::new(service, "default");
    let (events, _) = Events::new(client.clone());
    Context::new(Parts {
        client,
        claim: Claim::without_election(),
        stores,
        endpoint: Arc::new(Nobody),
        allowed_domains: AllowedDomains::default(),
        events,
        metrics: Arc::new(Metrics::default()),
        clock: Clock::system(),
        stopping: CancellationToken::new(),
        limits: Limits::default(),
        readiness: Readiness::default(),
    })
    .unwrap()
}

fn looking(bench: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let now = Clock::system().now();
    let (stores, credential) = stores(now);
    let context = context(stores);
    let mut memory = Memory::default();
    bench.bench_function("observe a fresh credential", |bench| {
        bench.iter(|| black_box(observation(&context, Arc::clone(&credential), &mut memory)));
    });
    let seen = observation(&context, Arc::clone(&credential), &mut memory);
    bench.bench_function("decide of a fresh credential", |bench| {
        bench.iter(|| black_box(decide(black_box(&seen), now)));
    });
}

fn granting(bench: &mut Criterion) {
    let (headers, body) = (HeaderMap::new(), answer());
    bench.bench_function("read an answer with tokens", |bench| {
        bench.iter(|| {
            let answer = Answer {
                status: 200,
                headers: &headers,
                body: AnswerBody::Whole(&body),
            };
            black_box(classify(Grant::Password, &answer, Moment::default()).is_ok())
        });
    });
    let (desired, tokens) = (Desired::of(&spec(), mark()), tokens());
    let issue = Issue {
        layout: desired.layout.canonical(),
        ..Issue::default()
    };
    bench.bench_function("render the Secret", |bench| {
        bench.iter_batched(
            || issue.clone(),
            |mut issue| {
                let data = desired.layout.render(&desired.values(&tokens, issue.expires_at));
                issue.data_hash = desired.layout.hash(&data);
                let object = desired.object(&issue, &data, &Precondition::MustNotExist).unwrap();
                black_box(serde_json::to_vec(&object).unwrap().len())
            },
            BatchSize::SmallInput,
        );
    });
}

fn scraping(bench: &mut Criterion) {
    let figures = |number: usize| CredentialFigures {
        namespace: format!("team-{}", number % 100),
        name: format!("credential-{number:05}"),
        expiration: Some(Moment::from_seconds(1_800_000_000)),
        renewal: Some(Moment::from_seconds(1_799_999_000)),
        ready: Truth::True,
        renewed: if number.is_multiple_of(100) {
            Truth::False
        } else {
            Truth::True
        },
        failure: number.is_multiple_of(100).then_some(Reason::CredentialsRejected),
        suspended: false,
    };
    let metrics = Metrics::default();
    metrics.credentials_from(Arc::new(move || (0..CREDENTIALS).map(figures).collect()));
    bench.bench_function("scrape with 10,000 credentials", |bench| {
        bench.iter(|| black_box(metrics.render().len()));
    });
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(30);
    targets = looking, granting, scraping
}
criterion_main!(all);

//! `check --from-env`: the account on the day it arrives, before there is a cluster. And a file without one.

use std::time::Duration;

use testbed::{
    account::Account,
    certificates::Authority,
    simulator::{Certificate, Simulator, SimulatorConfig},
};

use crate::user::{Ended, ended, plugin};

struct Tracktik {
    simulator: Simulator,
    folder: tempfile::TempDir,
}

impl Tracktik {
    async fn start() -> Self {
        testbed::install_tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new().unwrap();
        authority.write_ca(&folder.path().join("ca.pem")).unwrap();
        let issued = authority.issue(folder.path(), &["127.0.0.1"]).unwrap();
        let certificate = Certificate {
            chain_pem: std::fs::read(issued.cert_path).unwrap(),
            key_pem: std::fs::read(issued.key_path).unwrap(),
        };
        let mut config = SimulatorConfig::new(certificate).unwrap();
        config.rules.access_token_life = Duration::from_mins(30);
        let simulator = Simulator::start(config).await.unwrap();
        simulator.add_account(account());
        Self { simulator, folder }
    }

    async fn check(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = plugin(&[&["check"], arguments].concat());
        command.args(["--allowed-domain", &self.simulator.domain()]);
        command.arg("--ca-bundle").arg(self.folder.path().join("ca.pem"));
        command
            .env("TRACKTIK_DOMAIN", self.simulator.domain())
            .envs(variables.iter().copied());
        ended(command).await
    }
}

fn account() -> Account {
    Account {
        client_id: "5f0c1f7d".to_owned(),
        client_secret: "a-client-secret".to_owned(),
        username: "api.acme@example.com".to_owned(),
        password: "correct horse".to_owned(),
    }
}

const VARIABLES: [(&str, &str); 4] = [
    ("TRACKTIK_CLIENT_ID", "5f0c1f7d"),
    ("TRACKTIK_CLIENT_SECRET", "a-client-secret"),
    ("TRACKTIK_USERNAME", "api.acme@example.com"),
    ("TRACKTIK_PASSWORD", "correct horse"),
];

#[tokio::test]
async fn an_account_is_tried_before_there_is_a_cluster() {
    let tracktik = Tracktik::start().await;
    let dry = tracktik.check(&["--from-env"], &VARIABLES).await.well();
    assert!(dry.contains("--login tries the account, once"), "{dry}");
    assert_eq!(tracktik.simulator.counts().token_requests, 0);
    let granted = tracktik.check(&["--from-env", "--login"], &VARIABLES).await.well();
    assert!(granted.contains("granted a token that lives 1800 s"), "{granted}");
    assert_eq!(tracktik.simulator.counts().logins, 1);

    let mut wrong = VARIABLES;
    wrong[3].1 = "hunter2";
    let refused = tracktik.check(&["--from-env", "--login"], &wrong).await;
    assert_eq!(refused.code, Some(3));
    assert!(
        refused.stdout.contains("CredentialsRejected (credentials_rejected)"),
        "{}",
        refused.stdout
    );
    let missing = tracktik.check(&["--from-env", "--login"], &VARIABLES[..3]).await;
    assert_eq!(missing.code, Some(3));
    assert!(
        missing.stdout.contains("TRACKTIK_PASSWORD is not set"),
        "{}",
        missing.stdout
    );
    assert_eq!(
        tracktik.simulator.counts().token_requests,
        2,
        "nothing is sent of half an account"
    );
    for ended in [refused, missing] {
        for secret in ["hunter2", "a-client-secret", "correct horse"] {
            assert!(!ended.all().contains(secret), "{}", ended.all());
        }
    }
    let url = [("TRACKTIK_DOMAIN", "https://u:hunter2@acme.staffr.net/")];
    let url = tracktik.check(&["--from-env"], &[&VARIABLES[..], &url].concat()).await;
    assert_eq!(url.code, Some(3));
    assert!(
        url.stdout.contains("the domain is no host: ") && url.stdout.contains("no scheme, path or user"),
        "{}",
        url.stdout
    );
    assert!(!url.all().contains("hunter2"), "{}", url.all());
    let closed = [("TRACKTIK_DOMAIN", "127.0.0.1:1")];
    let closed = tracktik
        .check(
            &["--from-env", "--allowed-domain", "127.0.0.1:1"],
            &[&VARIABLES[..], &closed].concat(),
        )
        .await;
    let told = "could not connect to 127.0.0.1:1: the connection was refused; check the domain\n";
    assert!(closed.stdout.contains(told), "{}", closed.stdout);
    let nowhere = ended(plugin(&["check", "--from-env"])).await;
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere.stderr.contains("TRACKTIK_DOMAIN is not set"),
        "{}",
        nowhere.stderr
    );
}

#[tokio::test]
async fn a_file_without_a_cluster_is_checked_as_far_as_that_goes() {
    let tracktik = Tracktik::start().await;
    let domain = tracktik.simulator.domain();
    let file = tracktik.folder.path().join("acme.yaml");
    let of = |spec: &str| {
        format!(
            "apiVersion: tracktik-operator.io/v1alpha1\nkind: TrackTikCredential\nmetadata: {{name: acme}}\nspec: {spec}\n"
        )
    };
    let check = async |spec: &str| {
        std::fs::write(&file, of(spec)).unwrap();
        tracktik.check(&["-f", file.to_str().unwrap()], &[]).await
    };
    let part = check(&format!(
        "{{domain: \"{domain}\", credentials: {{secretRef: {{name: acme}}}}}}"
    ))
    .await;
    assert_eq!(part.code, Some(1), "not all of it could be told: {}", part.all());
    for text in [
        "looked at in part, without the API server: no API server is configured",
        "there is no cluster to look for Secret \"acme\" in",
        "can be reached from here over verified TLS",
    ] {
        assert!(part.stdout.contains(text), "{text}: {}", part.stdout);
    }
    // The same with a cluster that is configured and not there.
    let kubeconfig = tracktik.folder.path().join("kubeconfig");
    let nowhere = "{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: \"https://127.0.0.1:1\"}}], \
                   users: [{name: a, user: {}}], contexts: [{name: a, context: {cluster: a, user: a}}]}";
    std::fs::write(&kubeconfig, nowhere).unwrap();
    let arguments = [
        "-f",
        file.to_str().unwrap(),
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
    ];
    let unreached = tracktik.check(&arguments, &[]).await;
    assert_eq!(unreached.code, Some(1), "{}", unreached.all());
    assert!(
        unreached
            .stdout
            .contains("the API server cannot be reached: connection refused"),
        "{}",
        unreached.stdout
    );
    // What is missing in the cluster may be in the file.
    let whole = format!(
        "{}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: acme}}\ndata: {{client_id: NWYwYzFmN2Q=}}\n\
         stringData: {{client_secret: a-client-secret, username: api.acme@example.com, password: correct horse}}\n",
        of(&format!(
            "{{domain: \"{domain}\", credentials: {{secretRef: {{name: acme}}}}}}"
        ))
    );
    std::fs::write(&file, whole).unwrap();
    let arguments = ["-f", file.to_str().unwrap(), "--login"];
    let granted = tracktik.check(&arguments, &[]).await;
    assert_eq!(granted.code, Some(1), "the fields were looked at in part");
    for text in ["Secret acme (in the file), key password: present", "granted a token"] {
        assert!(granted.stdout.contains(text), "{text}: {}", granted.stdout);
    }
    assert_eq!(tracktik.simulator.counts().logins, 1);
    let wrong = check("{domain: \"https://u:hunter2@h\", credentials: {secretRef: {name: acme}}}").await;
    assert_eq!(wrong.code, Some(3));
    assert!(wrong.stdout.contains("spec.domain must be a host"), "{}", wrong.stdout);
    assert!(!wrong.all().contains("hunter2"), "{}", wrong.all());
    let undecodable = check("{domain: 5, credentials: hunter2}").await;
    assert_eq!(undecodable.code, Some(3));
    for text in ["spec.domain must be a string", "spec.credentials must be an object"] {
        assert!(undecodable.stdout.contains(text), "{text}: {}", undecodable.stdout);
    }
    let misspelt = check("{domian: hunter2, credentials: {secretRef: {nam: hunter2}}, renewal: {grnt: hunter2}}").await;
    assert_eq!(misspelt.code, Some(3));
    for text in [
        "spec.domain is missing",
        "spec.domian is no field of this version",
        "spec.credentials.secretRef.name is missing",
        "spec.credentials.secretRef.nam is no field of this version",
        "spec.renewal.grnt is no field of this version",
    ] {
        assert!(misspelt.stdout.contains(text), "{text}: {}", misspelt.stdout);
    }
    assert!(!misspelt.all().contains("hunter2"), "{}", misspelt.all());
    assert!(!undecodable.all().contains("hunter2"), "{}", undecodable.all());
}

//! An admission webhook that takes a call and never answers: it holds one kind of write for as long as a test likes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kube::api::{Patch, PatchParams};
use serde_json::json;
use testbed::manifests::apply;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    refreshing::TRIED,
    scene::{PATIENCE, Scene, eventually},
};

const KIND: &str = "validatingwebhookconfiguration";

pub struct TarPit {
    calls: Arc<AtomicUsize>,
    _holding: JoinSet<()>,
}

impl TarPit {
    /// Holds every write in this scene that marks a refresh token as tried.
    pub async fn for_marks(scene: &Scene) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let mut holding = JoinSet::new();
        holding.spawn(async move {
            let mut held = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                held.push(connection);
            }
        });
        let marks = format!(
            "has(object.metadata.annotations) && '{TRIED}' in object.metadata.annotations && \
             !(has(oldObject.metadata.annotations) && '{TRIED}' in oldObject.metadata.annotations)"
        );
        let webhook = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": { "name": scene.namespace },
            "webhooks": [{
                "name": "pit.test.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Fail", "timeoutSeconds": 30,
                "clientConfig": { "url": format!("https://127.0.0.1:{port}/") },
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": scene.namespace } },
                "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["secrets"] }],
                "matchConditions": [{ "name": "marks", "expression": marks }],
            }],
        });
        apply(&scene.client, &webhook).await.unwrap();
        let pit = Self {
            calls,
            _holding: holding,
        };
        pit.is_in_force(scene).await;
        pit
    }

    /// It is a second or so before a new webhook is asked.
    async fn is_in_force(&self, scene: &Scene) {
        scene.secret("probe", &[]).await;
        eventually(PATIENCE, || async {
            let mark = json!({ "metadata": { "annotations": { TRIED: "x" } } });
            let marked = scene.patch_secret("probe", mark);
            if tokio::time::timeout(Duration::from_millis(500), marked).await.is_err() {
                return Ok(());
            }
            scene
                .patch_secret("probe", json!({ "metadata": { "annotations": { TRIED: null } } }))
                .await;
            Err("the webhook is not asked yet".to_owned())
        })
        .await;
        self.caught(1).await;
        self.calls.store(0, Ordering::Relaxed);
    }

    /// Waits until so many writes are, or were, held.
    pub async fn caught(&self, writes: usize) {
        eventually(PATIENCE, || async {
            match self.calls.load(Ordering::Relaxed) {
                calls if calls >= writes => Ok(()),
                calls => Err(format!("{calls} writes were held")),
            }
        })
        .await;
    }

    /// Lets writes through again; those that are held have failed by then.
    pub async fn close(self, scene: &Scene) {
        let answer = scene.plane.kubectl(&["delete", KIND, &scene.namespace]).await.unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        drop(self);
        eventually(PATIENCE, || async {
            let mark = json!({ "metadata": { "annotations": { TRIED: format!("{:?}", std::time::Instant::now()) } } });
            let patch = Patch::Merge(mark);
            match scene.secrets().patch("probe", &PatchParams::default(), &patch).await {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("writes are not let through yet: {error}")),
            }
        })
        .await;
    }
}

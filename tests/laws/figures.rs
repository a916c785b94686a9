//! What the metrics say of a credential is what its conditions say.

use proptest::prelude::*;
use tracktik_operator::{
    api::{
        ConditionType, Moment, TrackTikCredentialStatus,
        conditions::{Truth, merge},
    },
    cluster::{CredentialView, ObjectKey},
    rotation::{decide, readiness::readiness},
};

use crate::arbitrary::{clock, observation};

/// A credential whose status has just come by the watch.
fn view(status: TrackTikCredentialStatus) -> CredentialView {
    CredentialView {
        key: ObjectKey::new("integrations", "acme"),
        uid: "uid".to_owned(),
        resource_version: "1".to_owned(),
        generation: 1,
        created: Moment::default(),
        deleting: false,
        rotate: None,
        requested_at: None,
        spec: None,
        status: std::sync::Arc::new(status),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn ready_and_renewed_in_the_metrics_are_the_conditions(seen in observation(), now in clock()) {
        let statements = readiness(&seen, &decide(&seen, now), now).statements;
        let conditions = merge(&statements, &[], 1, now);
        let figures = view(TrackTikCredentialStatus { conditions, ..Default::default() }).figures();
        for (of, figure) in [(ConditionType::Ready, figures.ready), (ConditionType::Renewed, figures.renewed)] {
            let said = statements.iter().find(|said| said.of == of).map(|said| said.truth);
            prop_assert_eq!(Some(figure), said, "{}", of.as_str());
        }
    }
}

#[test]
fn a_credential_that_nobody_has_looked_at_is_of_unknown_state() {
    let figures = view(TrackTikCredentialStatus::default()).figures();
    assert_eq!((figures.ready, figures.renewed), (Truth::Unknown, Truth::Unknown));
}

//! Lists that come to harm where one has become necessary, each apart from the other: what is known stays known, what happens
//! meanwhile is not missed, and nobody logs in for it.

use std::time::Duration;

use serde_json::json;

use crate::{
    api_trouble::{Call, Foreign, Trouble},
    scene::{Scene, eventually},
    watches::{AtRest, CREDENTIALS, SECRETS, each, harmed},
};

/// The time that a page has for its answer, the back-off after it, and what a busy machine adds.
const BACK_BY_THEN: Duration = Duration::from_mins(2);

/// The API server takes 256 KiB of annotations, keys included.
const LARGE: usize = 200 * 1_024;

/// What takes many reads.
const LARGE_OBJECTS: usize = 8;

impl AtRest {
    /// The watch of this kind has expired, and so many of the lists that must follow meet this.
    async fn lists_meet(&self, kind: &'static str, trouble: Trouble, times: usize) {
        self.proxy.once(Call::Watch(kind), "", Trouble::answer(410));
        self.proxy.always(Call::List(kind), "", trouble);
        self.proxy.cut();
        eventually(BACK_BY_THEN, || async {
            match self.proxy.met(Call::List(kind)) {
                met if met >= times => Ok(()),
                met => Err(format!("{met} lists of {kind} have met {trouble:?}")),
            }
        })
        .await;
        assert_eq!(
            self.proxy.met(Call::Watch(kind)),
            1,
            "the list follows from an expired watch"
        );
    }
}

/// The list of either kind is out of order for as many tries.
async fn met(name: &str, trouble: Trouble, times: usize) {
    each(async |kind| {
        let mut rest = AtRest::over(large(name, kind).await).await;
        rest.back_by = BACK_BY_THEN;
        rest.lists_meet(kind, trouble, times).await;
        harmed(rest, kind, trouble).await;
    })
    .await;
}

/// A scene in which a list of this kind is a long answer.
async fn large(name: &str, kind: &str) -> Scene {
    let scene = Scene::new(name).await;
    let large = "x".repeat(LARGE);
    for number in 0..LARGE_OBJECTS {
        let metadata = json!({ "name": format!("large-{number}"), "annotations": { "example.com/large": large } });
        scene
            .apply(match kind {
                CREDENTIALS => json!({
                    "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential", "metadata": metadata,
                    "spec": {
                        "domain": scene.simulator.domain(), "suspend": true,
                        "credentials": { "secretRef": { "name": "nobodys" } },
                    },
                }),
                SECRETS => json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata }),
                other => panic!("{other}"),
            })
            .await;
    }
    scene
}

#[tokio::test]
async fn a_list_that_fails_is_begun_again() {
    met("failed-list", Trouble::answer(500), 3).await;
}

#[tokio::test]
async fn a_list_whose_answer_ends_in_the_middle_is_begun_again() {
    met("cut-off-list", Trouble::CutAnswer, 3).await;
}

#[tokio::test]
async fn a_list_that_a_page_for_people_answers_is_begun_again() {
    met("list-by-a-page", Trouble::Foreign(Foreign::Page), 3).await;
}

#[tokio::test]
async fn a_list_that_is_never_answered_is_given_up_and_begun_again() {
    met("silent-list", Trouble::Silence, 1).await;
}

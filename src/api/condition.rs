//! A condition as it stands in status: what `metav1.Condition` is, in less memory.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    conditions::{ConditionType, Truth},
    moment::Moment,
    reason::Reason,
};

/// A condition, by the names of `metav1.Condition`. What is one of our own words takes no room: most of ten thousand
/// credentials say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// When `status` last changed.
    #[serde(default)]
    pub last_transition_time: Moment,
    /// Why, for a person.
    #[serde(default)]
    pub message: Box<str>,
    /// The generation of the spec that it describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Why, in one word.
    #[serde(default, deserialize_with = "word")]
    pub reason: Cow<'static, str>,
    /// Whether it holds.
    #[serde(default, deserialize_with = "word")]
    pub status: Cow<'static, str>,
    /// Which aspect.
    #[serde(default, rename = "type", deserialize_with = "word")]
    pub type_: Cow<'static, str>,
}

fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    let word = String::deserialize(deserializer)?;
    let truths = Truth::ALL.map(Truth::as_str);
    let types = ConditionType::ALL.map(ConditionType::as_str);
    let reasons = Reason::ALL.map(Reason::as_str);
    let known = truths
        .iter()
        .chain(&types)
        .chain(&reasons)
        .find(|known| **known == word);
    Ok(known.map_or(Cow::Owned(word), |known| Cow::Borrowed(*known)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_words_take_no_room_and_others_are_kept() {
        let object = json!({
            "lastTransitionTime": "2026-11-23T10:00:00Z", "message": "m", "observedGeneration": 3, "reason": "TokenValid",
            "status": "True", "type": "Ready",
        });
        let ours: Condition = serde_json::from_value(object.clone()).unwrap();
        let borrowed = |word: &Cow<'static, str>| matches!(word, Cow::Borrowed(_));
        assert!(
            [&ours.reason, &ours.status, &ours.type_].into_iter().all(borrowed),
            "{ours:?}"
        );
        assert_eq!(serde_json::to_value(&ours).unwrap(), object);

        let object = json!({
            "lastTransitionTime": "2026-11-23T10:00:00Z", "message": "", "reason": "Other", "status": "Perhaps", "type": "Mine",
        });
        let others: Condition = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(
            (&*others.type_, &*others.status, &*others.reason),
            ("Mine", "Perhaps", "Other")
        );
        assert_eq!(serde_json::to_value(&others).unwrap(), object);
    }
}

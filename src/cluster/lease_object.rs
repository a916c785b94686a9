//! A Lease as the election reads and writes it: whatever stands in one can be read, since what cannot would never be
//! replaced.

use k8s_openapi::{
    api::coordination::v1,
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::Resource;
use serde::{Deserialize, Serialize};

use super::credential_view::lenient;
use crate::object_meta::without_managed_fields;

/// The object on the wire.
#[derive(Clone, Debug, Default, Resource, Deserialize, Serialize)]
#[resource(inherit = "v1::Lease")]
pub struct Lease {
    /// With the uid and the resourceVersion that a write is bound to.
    #[serde(default, deserialize_with = "without_managed_fields")]
    pub metadata: ObjectMeta,
    /// What it says.
    #[serde(default, rename = "spec")]
    pub record: Record,
}

/// Who holds a Lease, for people and other candidates. What it says beyond that is not ours, and goes with a write.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Whoever holds it; `None` or empty: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder_identity: Option<String>,
    /// How long it lasts without a renewal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_duration_seconds: Option<i32>,
    /// Since when its holder has it. The API server takes the year 9999 to its end, and our times do not reach so far.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub acquire_time: Option<MicroTime>,
    /// When it was renewed last; each renewal has a later one.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub renew_time: Option<MicroTime>,
    /// How often it went from one holder to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_transitions: Option<i32>,
}

impl Record {
    /// Whoever holds it.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.holder_identity.as_deref().filter(|holder| !holder.is_empty())
    }
}

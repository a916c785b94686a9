//! How a watch fares: what its successes and failures mean for the store, for `/readyz`, and for what comes next.

use kube::runtime::watcher;

use super::{
    ObjectKey, Sync,
    error::{Carried, ClusterError},
    watched::{Watched, advice, place, why_failing},
    watches::WatchContext,
};
use crate::health::ReadinessItem;

/// What is known of a watch, also when it is started over.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// A list was answered, so the store holds something.
    pub(super) listed: bool,
    /// It fails, and that was told.
    pub(super) failing: bool,
    /// How often it was refused after a list was answered, since it last stood.
    pub(super) refusals: u32,
}

/// The watch is let through, and the store holds what the API server has.
pub(super) fn stands<K: Watched>(
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
    course: &mut Course,
) -> Vec<ObjectKey> {
    if course.listed && !course.failing && course.refusals == 0 {
        return Vec::new();
    }
    *course = Course {
        listed: true,
        ..Course::default()
    };
    item.ready();
    K::sync(&context.stores, namespace, Sync::Synced)
}

/// Whom a failure concerns, and whether to start over, since it is no fault that passes: a refusal, one of the operator's
/// own credentials, which says nothing of what the store holds, or one of a version that is too old.
pub(super) fn failed<K: Watched>(
    error: &watcher::Error,
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
    course: &mut Course,
) -> (Vec<ObjectKey>, bool) {
    let cause = cause(error);
    let place = place(namespace);
    let why = why_failing::<K>(&cause);
    let refused = matches!(
        cause,
        ClusterError::Forbidden { .. } | ClusterError::NotFound | ClusterError::NotServed
    );
    // A connection that broke is made again, and the stream does not tell when; what the store holds is good meanwhile.
    let unknown = cause == ClusterError::Unauthenticated;
    // Where a watch begins with this, the stream would ask for the same version for ever.
    let expired = matches!(cause, ClusterError::Other { code: 410, .. });
    if refused || unknown || !course.listed {
        item.missing(&why);
    }
    if std::mem::replace(&mut course.failing, true) {
        tracing::debug!(resource = K::NAME, place, error = %cause, "watch still failing");
    } else {
        tracing::warn!(resource = K::NAME, place, error = %cause, advice = advice::<K>(&cause), "watch failing");
    }
    if refused {
        (K::sync(&context.stores, namespace, Sync::Refused(why)), true)
    } else {
        (Vec::new(), unknown || expired)
    }
}

fn cause(error: &watcher::Error) -> ClusterError {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => ClusterError::from_kube(error, Carried::NoValues),
        watcher::Error::WatchError(status) => ClusterError::from_status(status, Carried::NoValues),
        watcher::Error::NoResourceVersion => ClusterError::Other {
            code: 0,
            detail: "a list without resourceVersion".to_owned(),
        },
    }
}

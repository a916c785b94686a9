//! What the controller shows in the metrics, asked for at each scrape.

use std::sync::Arc;

use super::Context;

/// Lets the metrics of `context` ask it from now on. While it may not act it shows no credential and no gate: what it
/// says of credentials that another process may have renewed since would be wrong.
pub fn report(context: &Arc<Context>) {
    let metrics = &context.metrics;
    let (stores, claim) = (context.stores.clone(), context.claim.clone());
    metrics.credentials_from(Arc::new(move || {
        if !claim.is_current() {
            return Vec::new();
        }
        stores.credentials().iter().map(|seen| seen.figures()).collect()
    }));
    let (gate, claim) = (context.gate.clone(), context.claim.clone());
    metrics.gate_from(Arc::new(move || claim.is_current().then(|| gate.figures())));
    let claim = context.claim.clone();
    metrics.leader_from(Arc::new(move || claim.is_current()));
}

//! Large Secrets of others, in namespaces that the operator sees: they must cost next to nothing.

use std::time::Instant;

use k8s_openapi::ByteString;
use serde_json::json;

use crate::{
    Outcome,
    api_server::{create, for_each},
    objects::{create_namespace, secrets},
    report::{Report, Target},
    restart::restarted,
    stage::Stage,
};

const SECRETS: usize = 2_000;
const BYTES: usize = 900 * 1_000;
/// Each is in the API server's memory several times over while it is written.
const AT_ONCE: usize = 4;
const NAMESPACES: usize = 10;

/// Starts an operator without them, then with them.
pub async fn measure(stage: &Stage, report: &mut Report) -> Outcome {
    let without = restarted(stage).await?;
    without.operator.end().await?;
    println!("creating {SECRETS} Secrets of {} KB", BYTES / 1_000);
    let began = Instant::now();
    for number in 0..NAMESPACES {
        create_namespace(&stage.client, &format!("foreign-{number}")).await?;
    }
    let (client, large) = (stage.client.clone(), ByteString(vec![b'x'; BYTES]));
    for_each(SECRETS, AT_ONCE, move |number| {
        let client = client.clone();
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": format!("large-{number}") }, "data": { "large": large },
        });
        async move {
            create(&client, &secrets(&format!("foreign-{}", number % NAMESPACES)), &object).await?;
            Ok(())
        }
    })
    .await?;
    let creating = began.elapsed().as_secs_f64();
    let with = restarted(stage).await?;
    with.operator.end().await?;
    let ratio = with.settled / without.settled;
    report
        .of(stage.credentials, "foreign")
        .note("creating them", creating, "s")
        .note("resident without", without.settled / 1_024.0, "MiB")
        .note("resident with", with.settled / 1_024.0, "MiB")
        .add("resident, with by without", ratio, "", Target::AtMost(1.1))
        .note("peak without", without.peak / 1_024.0, "MiB")
        .note("peak with", with.peak / 1_024.0, "MiB")
        .note("until ready without", without.ready, "s")
        .note("until ready with", with.ready, "s")
        .note("until quiet without", without.quiet, "s")
        .note("until quiet with", with.quiet, "s");
    Ok(())
}

//! The Lease, which any candidate may have written: nobody waits for it longer than a minute, and what is written into it
//! next is newer.

use std::time::Duration;

use k8s_openapi::jiff::SignedDuration;
use tracktik_operator::{
    api::Moment,
    clock,
    cluster::{
        lease::{Decision, Sight, Timing, held_by, released},
        lease_object::{Lease, Record},
    },
};

use crate::verdict::{Judgement, Parser, Verdict, ensure, same};

pub const PARSER: Parser = Parser {
    name: "leases",
    dictionary: &[
        "metadata",
        "spec",
        "holderIdentity",
        "leaseDurationSeconds",
        "acquireTime",
        "renewTime",
        "leaseTransitions",
        "15",
        "2147483647",
        "-2147483648",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-30T22:00:00.000000Z",
        "2026-11-23T00:00:00.000000Z",
        "0001-01-01T00:00:00Z",
        "resourceVersion",
        "\"me\"",
        "preferredHolder",
        "strategy",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(lease) = serde_json::from_slice::<Lease>(bytes) else {
        return Ok(Verdict::rejected("not a Lease"));
    };
    let timing = Timing::default();
    let at = clock::monotonic();
    let sight = Sight::new("me", timing, Some(lease.clone()), at);
    let decision = sight.decide(at);
    if let Decision::Wait(until) = decision {
        let wait = until - at;
        let bounds = timing.lease..=Duration::from_mins(1);
        ensure(bounds.contains(&wait), || format!("it is waited for {wait:?}"))?;
        let then = sight.decide(until);
        ensure(!matches!(then, Decision::Wait(_)), || format!("and then: {then:?}"))?;
    }
    let record = &lease.record;
    for now in [Moment::default(), Moment::from_seconds(1_792_567_680), Moment::MAX] {
        let written = held_by("me", Some(record), &timing, now);
        same(&written.holder(), &Some("me"), "the holder")?;
        newer(&written, record)?;
        newer(&held_by("me", Some(&written), &timing, now), &written)?;
        let free = released(&written, now);
        same(&free.holder(), &None, "the holder after a release")?;
        for record in [written, free] {
            let text = serde_json::to_string(&record).map_err(|error| error.to_string())?;
            let read: Record = serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))?;
            // As texts: nanoseconds, which the API server does not let in, are not written.
            same(
                &serde_json::to_string(&read).ok(),
                &Some(text),
                "written and read again",
            )?;
        }
    }
    let kind = match decision {
        Decision::Wait(_) => "wait",
        Decision::Renew => "renew",
        Decision::TakeOver => "take over",
        Decision::Create => return Err("there is one, and it would be created".to_owned()),
    };
    let times = [record.acquire_time.is_some(), record.renew_time.is_some()];
    Ok(Verdict::accepted(format!(
        "{kind}, times {times:?}, counted {}",
        record.lease_transitions.is_some()
    )))
}

/// With two renewals of one time, others would see no sign of life. Right before the end of all time there is no later one,
/// and any other does.
fn newer(record: &Record, before: &Record) -> Result<(), String> {
    let (Some(time), Some(earlier)) = (&record.renew_time, &before.renew_time) else {
        return ensure(record.renew_time.is_some(), || "no time of renewal".to_owned());
    };
    let none_is_later = earlier.0.checked_add(SignedDuration::from_micros(1)).is_err();
    let good = time.0 > earlier.0 || none_is_later && time != earlier;
    ensure(good, || format!("{:?} after {:?}", time.0, earlier.0))
}

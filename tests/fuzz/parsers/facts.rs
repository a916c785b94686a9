//! The annotation with the facts of a grant: what is read can be written and read again, gives times in order, and a
//! layout that renders.

use tracktik_operator::{
    api::{Moment, Renewal, Span},
    rotation::{
        observation::{Anchors, Issue},
        schedule::timetable,
    },
    secrets::{issue_record, layout::Layout},
};

use crate::verdict::{Judgement, Parser, Verdict, ensure, same};

pub const PARSER: Parser = Parser {
    name: "facts",
    dictionary: &[
        "version",
        "secret",
        "issueId",
        "issuedAt",
        "expiresAt",
        "identity",
        "sources",
        "layout",
        "dataHash",
        "refreshable",
        "asked",
        "2026-11-23T00:00:00Z",
        "2026-11-23T01:00:00.5Z",
        "1969-12-31T23:59:59Z",
        "-009999-01-01T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T00:00:00+23:59",
        "2016-12-31T23:59:60Z",
        "acme-token",
        "label a",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Verdict::rejected("not a text"));
    };
    let copied = issue_record::secret_of(text).is_some_and(|secret| secret != "acme-token");
    let Some(issue) = issue_record::read(text) else {
        return Ok(Verdict::rejected(format!("unreadable, of another {copied}")));
    };
    let written = issue_record::write(&issue, "acme-token").map_err(|error| error.to_string())?;
    same(
        &issue_record::read(&written),
        &Some(issue.clone()),
        "written and read again",
    )?;
    ensure(
        issue_record::secret_of(&written).as_deref() == Some("acme-token"),
        || "its own are another's".to_owned(),
    )?;
    same(&issue.is_garbled_copy_of(&issue), &false, "garbled")?;
    in_order(&issue)?;
    let layout = Layout::parse(&issue.layout).map(|layout| layout.keys().len().min(5));
    let lives = issue.lifetime().as_seconds().checked_ilog2();
    Ok(Verdict::accepted(format!(
        "lives {lives:?}, layout {layout:?}, {} sources, of another {copied}, refreshable {}",
        issue.sources.len().min(4),
        issue.refreshable,
    )))
}

/// A token is renewed before it expires, with three minutes or half its life left; one from the future at once.
fn in_order(issue: &Issue) -> Result<(), String> {
    let lifetime = issue.lifetime();
    ensure(lifetime > Span::ZERO, || format!("it lives {lifetime}"))?;
    let clocks = [Moment::default(), issue.issued_at, issue.expires_at, Moment::MAX];
    for (now, percentage) in clocks
        .into_iter()
        .flat_map(|now| [(now, None), (now, Some(i32::MAX)), (now, Some(i32::MIN))])
    {
        let renewal = Renewal {
            renew_before_percentage: percentage,
            ..Renewal::default()
        };
        let times = timetable("uid", issue, &renewal, Anchors::default(), now);
        if times.age_unknown {
            ensure(times.renews <= now, || {
                format!("of unknown age, and kept: {times:?} at {now}")
            })?;
        } else if lifetime >= Span::minutes(1) {
            let left = times.expires - times.renews;
            let least = Span::seconds(180).min(lifetime.divided_by(2));
            ensure(left + Span::seconds(1) >= least, || {
                format!("{left} left of {lifetime}: {times:?}")
            })?;
            ensure(times.renews >= issue.issued_at, || {
                format!("renewed before it was issued: {times:?}")
            })?;
        }
    }
    Ok(())
}

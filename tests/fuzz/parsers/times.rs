//! Times in RFC 3339, as they stand in status, in facts and on objects: what is read prints as the same instant, and no
//! arithmetic with it fails.

use serde_json::json;
use tracktik_operator::api::{Moment, Span};

use crate::verdict::{Judgement, Parser, Verdict, ensure, same};

pub const PARSER: Parser = Parser {
    name: "times",
    dictionary: &[
        "2026-11-23T00:00:00Z",
        "+00:00",
        "-23:59",
        "+25:59:59",
        "T",
        "t",
        "z",
        "24:00:00",
        "23:59:60",
        ".999999999",
        ",5",
        "-000001",
        "+009999",
        "9999-12-31",
        "0000-01-01",
        "[Europe/Berlin]",
        "[u-ca=hebrew]",
        "Z[UTC]",
        "W01",
        "02-30",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Verdict::rejected("not a text"));
    };
    let from_json = serde_json::from_value::<Moment>(json!(text));
    let read = match Moment::parse(text) {
        Ok(read) => read,
        Err(why) => {
            same(&why.to_string().as_str(), &"not a time in RFC 3339", "the words")?;
            ensure(from_json.is_err(), || format!("{text:?} is a time in JSON only"))?;
            return Ok(Verdict::rejected("no time"));
        }
    };
    same(&from_json.ok(), &Some(read), "in JSON")?;
    let printed = read.to_string();
    same(&Moment::parse(&printed), &Ok(read.whole_second()), "as it is printed")?;
    // The form of metav1.Time, which other programs read.
    ensure(printed.len() == 20 && printed.ends_with('Z'), || printed.clone())?;
    same(
        &Moment::from_time(&read.to_time()),
        &read.whole_second(),
        "as Kubernetes' own type",
    )?;
    ensure((Moment::default()..=Moment::MAX).contains(&read), || {
        format!("out of range: {printed}")
    })?;
    let ends = [Span::millis(i64::MIN), Span::ZERO, Span::millis(i64::MAX)];
    for span in ends {
        ensure(read - span <= Moment::MAX && read + span <= Moment::MAX, || {
            format!("{printed} and {span}")
        })?;
    }
    ensure(read.next_whole_second() >= read.whole_second(), || printed.clone())?;
    let (first, last) = (read == Moment::default(), read == Moment::MAX);
    let fraction = read != read.whole_second();
    Ok(Verdict::accepted(format!(
        "first {first}, last {last}, fraction {fraction}, {} bytes",
        text.len().min(40)
    )))
}

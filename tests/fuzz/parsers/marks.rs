//! The short annotations: the mark that says whose a Secret is, and what a user writes to ask for a rotation.

use tracktik_operator::{
    api::annotations::{LONGEST_ECHO, echo_of},
    secrets::ownership::{Claim, Mark, Ownership, conflict_message, ownership},
};

use crate::verdict::{Judgement, Parser, Verdict, ensure, same};

pub const PARSER: Parser = Parser {
    name: "marks",
    dictionary: &[
        "team/",
        "acme",
        "@u2",
        "/",
        "@",
        "team/acme@u2",
        "elsewhere/",
        "sha256:",
        "Team",
        "\u{0}",
        "//",
        "@@",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Verdict::rejected("not a text"));
    };
    echoed(text)?;
    let me = Mark {
        namespace: "team".to_owned(),
        name: "acme".to_owned(),
        uid: "u2".to_owned(),
    };
    let whose = |others: bool| {
        let claim = Claim {
            namespace: "team",
            mark: Some(text),
            others,
        };
        ownership(claim, &me)
    };
    let whose_alone = whose(false);
    same(
        &(whose_alone == Ownership::Ours),
        &(text == "team/acme@u2"),
        "whether it is ours",
    )?;
    ensure(!conflict_message("acme-token", &whose_alone).is_empty(), || {
        "no words".to_owned()
    })?;
    ensure(whose(true) != Ownership::Orphan, || {
        format!("taken from somebody: {text:?}")
    })?;
    let Some(mark) = Mark::parse(text) else {
        same(&whose_alone, &Ownership::Foreign, "whose it is without a mark")?;
        return Ok(Verdict::rejected("no mark"));
    };
    same(&mark.to_string().as_str(), &text, "as it is printed")?;
    let orphan = text.starts_with("team/acme@") && text != "team/acme@u2";
    same(&(whose_alone == Ownership::Orphan), &orphan, "whether it is an orphan")?;
    Ok(Verdict::accepted(match whose_alone {
        Ownership::Ours => "ours",
        Ownership::Orphan => "an orphan",
        Ownership::OtherCredential(_) => "another's",
        Ownership::Foreign => "foreign",
    }))
}

/// What a user asks with comes back as it is, or as a digest; it always fits into status, and two requests never look
/// like one.
fn echoed(text: &str) -> Result<(), String> {
    let echo = echo_of(text);
    ensure(echo.len() <= LONGEST_ECHO, || format!("{} bytes", echo.len()))?;
    ensure((echo == text) == (text.len() <= LONGEST_ECHO), || {
        "a short request is not echoed".to_owned()
    })?;
    // Digests take their time.
    let another = (text.len() <= 1_024).then(|| echo_of(&format!("{text}x")));
    ensure(Some(echo) != another, || "two requests look like one".to_owned())
}

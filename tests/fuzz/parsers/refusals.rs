//! A refusal of the API server: bounded, in one line, and of a call that carried values nothing that a webhook says.

use kube::core::Status;
use tracktik_operator::cluster::{
    ClusterError, LONGEST_MESSAGE,
    error::{Carried, Refusal},
};

use crate::{
    canary::hidden,
    verdict::{Judgement, Parser, Verdict, ensure},
};

pub const PARSER: Parser = Parser {
    name: "refusals",
    dictionary: &[
        "code",
        "400",
        "401",
        "403",
        "404",
        "409",
        "410",
        "422",
        "429",
        "500",
        "reason",
        "Forbidden",
        "Invalid",
        "Conflict",
        "NotFound",
        "AlreadyExists",
        "message",
        "details",
        "causes",
        "field",
        "FieldValueForbidden",
        "NamespaceTerminating",
        "admission webhook \\\"",
        " denied the request: ",
        "ValidatingAdmissionPolicy '",
        " denied request: ",
        "exceeded quota: ",
        " cannot ",
        " resource ",
        " is forbidden: ",
        "failed calling webhook \\\"",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(status) = serde_json::from_slice::<Status>(bytes) else {
        return Ok(Verdict::rejected("not a Status"));
    };
    let open = ClusterError::from_status(&status, Carried::NoValues);
    let closed = ClusterError::from_status(&status, Carried::SecretValues);
    for error in [&open, &closed] {
        bounded(error)?;
    }
    let alike = std::mem::discriminant(&open) == std::mem::discriminant(&closed);
    ensure(alike && open.is_transient() == closed.is_transient(), || {
        format!("{open:?} is not {closed:?}")
    })?;
    let ClusterError::Forbidden { by, message } = &closed else {
        return Ok(Verdict::accepted(kind(&closed)));
    };
    let said = status.message.as_str();
    let known = [
        "exceeded quota: ",
        "failed quota: ",
        "because it is being terminated",
        " cannot ",
    ];
    let ends = ["denied the request", "denied request"];
    let behind = ends.iter().filter_map(|end| said.find(end)).max();
    if let (Refusal::Admission, Some(behind)) = (by, behind) {
        // What stands before it is the API server's; what a webhook says comes behind it.
        if !crate::canary::shows(&said[..behind]) {
            hidden(message)?;
        }
    } else if !known.iter().any(|known| said.contains(known)) && !said.contains("denied") {
        let terminating = *by == Refusal::NamespaceTerminating;
        ensure(
            terminating || message.starts_with("the API server gave a reason"),
            || message.clone(),
        )?;
    }
    Ok(Verdict::accepted(format!("{by:?} {}", message.len().min(3))))
}

/// What is shown is short, in one line, and holds nothing that looks like a token.
fn bounded(error: &ClusterError) -> Result<(), String> {
    let message = match error {
        ClusterError::Forbidden { message, .. } => message,
        ClusterError::Other { detail, .. } => detail,
        ClusterError::Invalid { fields } => {
            let short = fields.len() <= 8 && fields.iter().all(|field| field.chars().count() <= 120);
            return ensure(short && !error.to_string().contains(char::is_control), || {
                error.to_string()
            });
        }
        _ => return Ok(()),
    };
    let short = message.chars().count() <= LONGEST_MESSAGE && !message.contains(char::is_control);
    ensure(short, || format!("{message:?}"))?;
    let of_token = |c: char| c.is_ascii_alphanumeric() || "+/=_-.".contains(c);
    let token = message.split(|c| !of_token(c)).find(|run| {
        let mixed = run.contains(|c: char| c.is_ascii_uppercase()) && run.contains(|c: char| c.is_ascii_digit());
        run.len() >= 24 && mixed
    });
    ensure(token.is_none(), || format!("{token:?} looks like a token"))
}

fn kind(error: &ClusterError) -> String {
    match error {
        ClusterError::Invalid { fields } => format!("invalid, {} fields", fields.len().min(2)),
        ClusterError::Other { code, detail } => format!("{} {}", code / 100, detail.is_empty()),
        other => other.to_string(),
    }
}

//! A rule of the CRD with the words of its refusal, before it is a [`Rule`] of kube's.

use kube::core::{Message, Reason, Rule};

/// A condition that objects must fulfil.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// In CEL; lines may be indented as the source is.
    cel: &'static str,
    /// Behind the path of the field and what `kind` puts in front of it.
    message: &'static str,
    /// The field that the refusal names, below the one that carries the rule.
    field: &'static str,
    kind: Kind,
}

/// The words that the API server puts before the message.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// `Invalid value: `, with the value where it is a scalar.
    Invalid,
    /// `Forbidden: `.
    Forbidden,
    /// `Required value: `.
    Required,
}

impl Demand {
    pub(super) const fn new(cel: &'static str, message: &'static str) -> Self {
        Self {
            cel,
            message,
            field: "",
            kind: Kind::Invalid,
        }
    }

    /// What stands behind the path of the field.
    pub(super) const fn message(&self) -> &'static str {
        self.message
    }

    pub(super) const fn of_field(self, field: &'static str) -> Self {
        Self { field, ..self }
    }

    pub(super) const fn forbidden(self) -> Self {
        Self {
            kind: Kind::Forbidden,
            ..self
        }
    }

    pub(super) const fn required(self) -> Self {
        Self {
            kind: Kind::Required,
            ..self
        }
    }
}

impl From<Demand> for Rule {
    fn from(demand: Demand) -> Self {
        Self {
            rule: without_indentation(demand.cel),
            message: Some(Message::Message(demand.message.to_owned())),
            field_path: (!demand.field.is_empty()).then(|| demand.field.to_owned()),
            reason: match demand.kind {
                Kind::Invalid => None,
                Kind::Forbidden => Some(Reason::FieldValueForbidden),
                Kind::Required => Some(Reason::FieldValueRequired),
            },
            optional_old_self: None,
        }
    }
}

/// The lines without the indentation that all of them share, so that the CRD shows them as they are read here.
fn without_indentation(cel: &str) -> String {
    let lines = cel.trim().lines();
    let indented = |line: &str| line.len() - line.trim_start().len();
    // The first line begins behind the quote.
    let shared = lines.clone().skip(1).map(indented).min().unwrap_or(0);
    let lines = lines
        .enumerate()
        .map(|(number, line)| if number == 0 { line } else { &line[shared..] });
    lines.collect::<Vec<_>>().join("\n")
}

//! What may go wrong between an operator and its API server, and with which of its requests. Pure; how it is done is in
//! [`crate::api_proxy`].

use std::collections::VecDeque;

use hyper::Method;
use serde_json::Value;

/// A request of the operator's, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The write of status that says that a token request is about to be sent.
    Announcement,
    /// Any other write of status.
    Status,
    /// The rehearsal of the write of a token Secret.
    DryRun,
    /// The mark that a refresh token is about to be sent.
    Mark,
    /// The write of a token Secret.
    Store,
    /// The list of all of a kind.
    List(&'static str),
    /// The watch of a kind.
    Watch(&'static str),
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is carried out, and the connection ends in the middle of the answer.
    CutAnswer,
    /// It is carried out, and nobody answers.
    LostAnswer,
    /// It is carried out, and the connection ends without a byte of the answer.
    ResetAfter,
    /// It does not arrive, and the connection ends.
    Reset,
    /// It does not arrive, and nobody answers.
    Silence,
    /// It does not arrive, and is answered with this status.
    Answer {
        code: u16,
        /// The header of this name.
        retry_after: Option<Later>,
    },
    /// It does not arrive, and something else than an API server answers.
    Foreign(Foreign),
    /// A watch begins, and its first event says that it is expired.
    ExpiredEvent,
}

/// When to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// In so many seconds, said as that.
    Seconds(u32),
    /// In so many seconds, said as a date.
    Date(u32),
}

/// What a portal, a wrong address or a broken proxy may answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// 200, and a page for people.
    Page,
    /// 403, and a page for people that speaks of access as an authorizer does.
    Denied,
    /// 404, and a page for people.
    Missing,
    /// 200, and a `Status` that tells of a failure.
    Failure,
    /// To another server, which would take the operator's own token.
    Redirect,
    /// 200, and ten megabytes that are nothing.
    Flood,
}

impl Foreign {
    pub const ALL: [Self; 6] = [
        Self::Page,
        Self::Denied,
        Self::Missing,
        Self::Failure,
        Self::Redirect,
        Self::Flood,
    ];
}

impl Trouble {
    /// An answer of this status and nothing else.
    pub const fn answer(code: u16) -> Self {
        let retry_after = None;
        Self::Answer { code, retry_after }
    }

    /// Whether the API server gets to see the request.
    pub fn passes_on(self) -> bool {
        matches!(self, Self::CutAnswer | Self::LostAnswer | Self::ResetAfter)
    }
}

/// The names that the API server knows a credential and its token Secret by.
fn is_of(name: &str, credential: &str) -> bool {
    name == credential || name.strip_suffix("-token") == Some(credential)
}

/// A request as it came.
pub struct Seen<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: &'a str,
    pub content_type: &'a str,
    pub body: &'a Value,
}

impl Seen<'_> {
    /// What it is for, and the object that it names.
    fn call(&self) -> Option<(Call, &str)> {
        let segments: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        match (self.method, segments.as_slice()) {
            (&Method::PATCH, [.., "tracktikcredentials", name, "status"]) => {
                let announces = !self.body[1]["value"]["failure"]["pending"].is_null();
                let call = if announces { Call::Announcement } else { Call::Status };
                Some((call, *name))
            }
            (&Method::PATCH, [.., "secrets", name]) => {
                let call = if self.query.contains("dryRun=All") {
                    Call::DryRun
                } else if self.content_type == "application/merge-patch+json" {
                    Call::Mark
                } else {
                    Call::Store
                };
                Some((call, *name))
            }
            (&Method::GET, [.., kind @ ("tracktikcredentials" | "secrets")]) => {
                let kind = if *kind == "secrets" {
                    "secrets"
                } else {
                    "tracktikcredentials"
                };
                let watches = self.query.contains("watch=true");
                let call = if watches { Call::Watch(kind) } else { Call::List(kind) };
                Some((call, ""))
            }
            _ => None,
        }
    }
}

/// The troubles still to come. Of several for one request the first that was planned happens.
#[derive(Debug, Default)]
pub struct Troubles {
    planned: VecDeque<Planned>,
    /// Every request by what it was for, and whether it met one.
    pub seen: Vec<(Call, bool)>,
}

#[derive(Debug)]
struct Planned {
    call: Call,
    credential: String,
    trouble: Trouble,
    /// How many requests meet it; until the end if absent.
    times: Option<u32>,
}

impl Troubles {
    /// Lists and watches are of no credential: their name is empty.
    pub fn plan(&mut self, call: Call, credential: &str, trouble: Trouble, times: Option<u32>) {
        let credential = credential.to_owned();
        self.planned.push_back(Planned {
            call,
            credential,
            trouble,
            times,
        });
    }

    pub fn clear(&mut self) {
        self.planned.clear();
    }

    /// What this request meets, used up by one.
    pub fn meet(&mut self, seen: &Seen<'_>) -> Option<Trouble> {
        let (call, name) = seen.call()?;
        self.planned.retain(|planned| planned.times != Some(0));
        let mut planned = self.planned.iter_mut();
        let planned = planned.find(|planned| planned.call == call && is_of(name, &planned.credential));
        self.seen.push((call, planned.is_some()));
        let planned = planned?;
        if let Some(times) = &mut planned.times {
            *times -= 1;
        }
        Some(planned.trouble)
    }
}

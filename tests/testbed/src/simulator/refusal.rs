//! The refusals of league/oauth2-server 8.5, word for word. Values only; who earns which is decided
//! in [`super::world`].

use serde_json::{Value, json};

/// An OAuth error as the library words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The `error` code of RFC 6749.
    pub error: &'static str,
    /// `error_description`, repeated as `message` for clients of older releases.
    pub description: &'static str,
    /// `hint`, where the library gives one.
    pub hint: Option<String>,
}

impl Refusal {
    /// No grant of this name, a body that is no form, or no `grant_type` in it.
    pub(super) fn unsupported_grant_type() -> Self {
        Self {
            status: 400,
            error: "unsupported_grant_type",
            description: "The authorization grant type is not supported by the authorization server.",
            hint: Some("Check that all required parameters have been provided".to_owned()),
        }
    }

    /// A required parameter is missing.
    pub(super) fn missing(parameter: &str) -> Self {
        Self {
            status: 400,
            error: "invalid_request",
            description: "The request is missing a required parameter, includes an invalid parameter \
                value, includes a parameter more than once, or is otherwise malformed.",
            hint: Some(format!("Check the `{parameter}` parameter")),
        }
    }

    /// Wrong client id or client secret.
    pub(super) fn invalid_client() -> Self {
        Self {
            status: 401,
            error: "invalid_client",
            description: "Client authentication failed",
            hint: None,
        }
    }

    /// A `scope` was sent.
    pub(super) fn invalid_scope(scope: &str) -> Self {
        let hint = if scope.is_empty() {
            "Specify a scope in the request or set a default scope".to_owned()
        } else {
            format!("Check the `{scope}` scope")
        };
        Self {
            status: 400,
            error: "invalid_scope",
            description: "The requested scope is invalid, unknown, or malformed",
            hint: Some(hint),
        }
    }

    /// Wrong user name or password.
    pub(super) fn invalid_credentials() -> Self {
        Self {
            status: 400,
            error: "invalid_grant",
            description: "The user credentials were incorrect.",
            hint: None,
        }
    }

    /// A refresh token that is garbage, foreign, expired or consumed.
    pub(super) fn invalid_refresh_token(hint: &str) -> Self {
        Self {
            status: 401,
            error: "invalid_request",
            description: "The refresh token is invalid.",
            hint: Some(hint.to_owned()),
        }
    }

    /// Does it count towards the ban of an address? A request that is merely malformed authenticates
    /// nobody, so nobody failed.
    #[must_use]
    pub fn is_failed_authentication(&self) -> bool {
        self.status == 401 || self.error == "invalid_grant"
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({
            "error": self.error,
            "error_description": self.description,
            "message": self.description,
        });
        if let Some(hint) = &self.hint {
            body["hint"] = json!(hint);
        }
        body
    }
}

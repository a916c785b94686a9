//! The CEL rules of the CRD, each with the message that a user sees when it refuses an object.
//!
//! Patterns of strings are rules too: for a `pattern` the API server answers with the regular expression alone. A rule
//! whose answer could be an error besides false stands behind one that refuses such input, since an error is shown
//! instead of the message. `has()` is asked of fields with a default as well, so that rules mean the same where nobody
//! has filled it in.
//!
//! A field may be null: a chart renders `clientId:` with nothing behind it. To `has()` a null is there, and what is
//! asked of it is an error, so that rules ask `given!`.

use super::demand::Demand;

/// In CEL: the field of that path is there and no null.
#[rustfmt::skip]
macro_rules! given {
    ($path:literal) => {
        // To the type checker a string, number or map is never null, hence dyn().
        concat!("has(", $path, ") && dyn(", $path, ") != null")
    };
    ($outer:literal, $inner:literal) => {
        concat!(given!($outer), " && has(", $outer, ".", $inner, ") && dyn(", $outer, ".", $inner, ") != null")
    };
}

/// In CEL: the name in that reference in a list, empty where there is none.
#[rustfmt::skip]
macro_rules! source {
    ($reference:literal) => {
        concat!("(", given!($reference), "\n      ? [", $reference, ".name] : [])")
    };
    ($outer:literal, $reference:literal) => {
        concat!("(", given!($outer, $reference), "\n      ? [", $outer, ".", $reference, ".name] : [])")
    };
}

/// A host of DNS labels or an IPv4 address, and perhaps a port. Which hosts are allowed is the operator's flag.
pub const DOMAIN: Demand = Demand::new(
    r"self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*(:[1-9][0-9]{0,4})?$') &&
    size(self.split(':')[0]) <= 253 &&
    (!self.contains(':') || int(self.split(':')[1]) <= 65535)",
    "must be a host such as acme.staffr.net, or host:port with a port up to 65535: in lower case, without https://, user, path, query or a dot at its end",
);

/// Names of Secrets.
pub const NAME: Demand = Demand::new(
    r"self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
    "must be the name of a Secret: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'",
);

/// A key of a source Secret.
pub const KEY: Demand = Demand::new(
    r"self.matches('^[-._a-zA-Z0-9]+$')",
    "must be a key of a Secret: letters, digits, '-', '_' and '.'",
);

/// Padding is never meant, and TrackTik answers to it as to a wrong password.
pub const CLEAR_VALUE: Demand = Demand::new(
    r"size(self) > 0 && self.trim() == self && !self.matches(r'\p{Cc}')",
    "must not be empty, begin or end with white space, or hold a control character",
);

/// A value in clear and a reference exclude each other.
#[rustfmt::skip]
pub const VALUE_OR_KEY: Demand = Demand::new(
    concat!(
        "!(", given!("self.value"), ") ||\n",
        "!(", given!("self.key"), ") && !(", given!("self.secretRef"), ")",
    ),
    "must not be set beside key or secretRef",
)
.of_field(".value")
.forbidden();

/// Each of the four values must come from somewhere.
#[rustfmt::skip]
pub const CLIENT_ID_RESOLVES: Demand = Demand::new(
    concat!(
        given!("self.secretRef"), " ||\n",
        given!("self.clientId", "value"), " ||\n",
        given!("self.clientId", "secretRef"),
    ),
    "set clientId.value, clientId.secretRef, or the secretRef beside it",
)
.of_field(".clientId")
.required();

/// See [`CLIENT_ID_RESOLVES`].
#[rustfmt::skip]
pub const CLIENT_SECRET_RESOLVES: Demand = Demand::new(
    concat!(
        given!("self.secretRef"), " ||\n",
        given!("self.clientSecret", "secretRef"),
    ),
    "set clientSecret.secretRef, or the secretRef beside it",
)
.of_field(".clientSecret")
.required();

/// See [`CLIENT_ID_RESOLVES`].
#[rustfmt::skip]
pub const USERNAME_RESOLVES: Demand = Demand::new(
    concat!(
        given!("self.secretRef"), " ||\n",
        given!("self.username", "value"), " ||\n",
        given!("self.username", "secretRef"),
    ),
    "set username.value, username.secretRef, or the secretRef beside it",
)
.of_field(".username")
.required();

/// See [`CLIENT_ID_RESOLVES`].
#[rustfmt::skip]
pub const PASSWORD_RESOLVES: Demand = Demand::new(
    concat!(
        given!("self.secretRef"), " ||\n",
        given!("self.password", "secretRef"),
    ),
    "set password.secretRef, or the secretRef beside it",
)
.of_field(".password")
.required();

/// Writing the tokens over the password that they were obtained with would end the credential.
#[rustfmt::skip]
pub const TARGET_IS_NO_SOURCE: Demand = Demand::new(
    concat!(
        "!((", given!("self.spec.tokenSecret", "name"), "\n",
        "  ? self.spec.tokenSecret.name : self.metadata.name + '-token') in\n    (",
        source!("self.spec.credentials.secretRef"), " +\n    ",
        source!("self.spec.credentials.clientId", "secretRef"), " +\n    ",
        source!("self.spec.credentials.clientSecret", "secretRef"), " +\n    ",
        source!("self.spec.credentials.username", "secretRef"), " +\n    ",
        source!("self.spec.credentials.password", "secretRef"), "))",
    ),
    "must not be a Secret that spec.credentials reads from; where it is not set, it is metadata.name with -token behind it",
)
.of_field(".spec.tokenSecret.name")
.forbidden();

/// The default name of the token Secret must itself be a name.
#[rustfmt::skip]
pub const NAME_FITS: Demand = Demand::new(
    concat!(given!("self.spec.tokenSecret", "name"), " ||\nsize(self.metadata.name) <= 247"),
    "set it, since metadata.name is too long for a default with -token behind it",
)
.of_field(".spec.tokenSecret.name")
.required();

/// Two ways to say when to renew exclude each other.
#[rustfmt::skip]
pub const ONE_MARGIN: Demand = Demand::new(
    concat!("!(", given!("self.renewBeforeSeconds"), ") ||\n!(", given!("self.renewBeforePercentage"), ")"),
    "must not be set beside renewBeforeSeconds",
)
.of_field(".renewBeforePercentage")
.forbidden();

/// A discarded refresh token cannot be rendered.
#[rustfmt::skip]
pub const DISCARD_NOT_RENDERED: Demand = Demand::new(
    concat!(
        "!(has(self.refreshToken) && self.refreshToken == 'Discard' &&\n",
        "  ", given!("self.data"), " &&\n",
        "  self.data.exists(k, self.data[k].replace('$$(', ' ').contains('$(refreshToken)')))",
    ),
    "must not use $(refreshToken) while refreshToken is Discard",
)
.of_field(".data")
.forbidden();

/// A refresh grant needs a refresh token.
pub const REFRESH_NOT_WITH_DISCARD: Demand = Demand::new(
    "!(has(self.renewal) && has(self.renewal.grant) && self.renewal.grant == 'Refresh' &&
      has(self.tokenSecret) && has(self.tokenSecret.refreshToken) &&
      self.tokenSecret.refreshToken == 'Discard')",
    "must be Publish while renewal.grant is Refresh, which needs the refresh token",
)
.of_field(".tokenSecret.refreshToken")
.forbidden();

/// A refresh grant needs the refresh token as it is, and the token Secret is the only place it is kept in.
#[rustfmt::skip]
pub const REFRESH_NEEDS_THE_TOKEN: Demand = Demand::new(
    concat!(
        "!(has(self.renewal) && has(self.renewal.grant) && self.renewal.grant == 'Refresh' &&\n",
        "  ", given!("self.tokenSecret", "data"), ") ||\n",
        "self.tokenSecret.data.exists(k, self.tokenSecret.data[k] == '$(refreshToken)')",
    ),
    "must have an entry that is exactly $(refreshToken) while renewal.grant is Refresh",
)
.of_field(".tokenSecret.data")
.required();

/// Keys of the token Secret.
pub const DATA_KEYS: Demand = Demand::new(
    "self.all(k, size(k) <= 253 && k.matches('^[-._a-zA-Z0-9]+$') && k != '.' && !k.startsWith('..'))",
    "each key must be a key of a Secret: up to 253 letters, digits, '-', '_' and '.', not '.' and not beginning with '..'",
);

/// Plain expansion of five names, nothing else: a template language in a program that writes Secrets has leaked files
/// elsewhere (CVE-2026-34984).
pub const DATA_NAMES: Demand = Demand::new(
    "self.all(k, !self[k].replace('$$(', ' ')
      .replace('$(accessToken)', ' ')
      .replace('$(refreshToken)', ' ')
      .replace('$(tokenType)', ' ')
      .replace('$(expiresAt)', ' ')
      .replace('$(domain)', ' ')
      .contains('$('))",
    "a value may hold $(accessToken), $(refreshToken), $(tokenType), $(expiresAt) and $(domain), and $$( for a literal $(",
);

/// Keys of labels and annotations.
pub const METADATA_KEYS: Demand = Demand::new(
    "self.all(k, size(k) <= 317 &&
    k.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$') &&
    (!k.contains('/') || size(k.split('/')[0]) <= 253))",
    "each key must be up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, perhaps behind a lower-case DNS name and '/'",
);

/// Keys that make controllers act on a Secret: with them a user could have it pruned, adopted or turned into another
/// kind of credential (CVE-2026-42876).
pub const METADATA_RESERVED: Demand = Demand::new(
    "self.all(k,
      k.matches('^app[.]kubernetes[.]io/(name|component|part-of|version)$') ||
      !k.matches('^([^/]*[.])?(kubernetes[.]io|k8s[.]io|argoproj[.]io|fluxcd[.]io|helm[.]sh|tracktik-operator[.]io)/'))",
    "keys of kubernetes.io, k8s.io, argoproj.io, fluxcd.io, helm.sh and tracktik-operator.io are reserved, but for app.kubernetes.io/name, component, part-of and version",
)
.forbidden();

/// Values of labels.
pub const LABEL_VALUES: Demand = Demand::new(
    "self.all(k, self[k].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
    "each value must be letters, digits, '-', '_' and '.', with a letter or digit at both ends, or empty",
);

//! The CEL rules of the CRD, each with the message that a user sees when it refuses an object.
//!
//! Written with `has()` and plain comparisons only, so that they mean the same in every API server from 1.30 on and in
//! the local evaluation that the tests use.

/// The host may carry a port, which must be one that TCP has.
pub const DOMAIN: &str = "!self.contains(':') || int(self.split(':')[1]) <= 65535";
/// Shown when [`DOMAIN`] refuses.
pub const DOMAIN_MESSAGE: &str = "the port in domain must be between 1 and 65535";

/// Each of the four values must come from somewhere.
pub const CLIENT_ID_RESOLVES: &str =
    "has(self.secretRef) || (has(self.clientId) && (has(self.clientId.value) || has(self.clientId.secretRef)))";
/// Shown when [`CLIENT_ID_RESOLVES`] refuses.
pub const CLIENT_ID_RESOLVES_MESSAGE: &str =
    "clientId comes from nowhere: set credentials.secretRef, clientId.secretRef or clientId.value";
/// See [`CLIENT_ID_RESOLVES`].
pub const CLIENT_SECRET_RESOLVES: &str =
    "has(self.secretRef) || (has(self.clientSecret) && has(self.clientSecret.secretRef))";
/// Shown when [`CLIENT_SECRET_RESOLVES`] refuses.
pub const CLIENT_SECRET_RESOLVES_MESSAGE: &str =
    "clientSecret comes from nowhere: set credentials.secretRef or clientSecret.secretRef";
/// See [`CLIENT_ID_RESOLVES`].
pub const USERNAME_RESOLVES: &str =
    "has(self.secretRef) || (has(self.username) && (has(self.username.value) || has(self.username.secretRef)))";
/// Shown when [`USERNAME_RESOLVES`] refuses.
pub const USERNAME_RESOLVES_MESSAGE: &str =
    "username comes from nowhere: set credentials.secretRef, username.secretRef or username.value";
/// See [`CLIENT_ID_RESOLVES`].
pub const PASSWORD_RESOLVES: &str = "has(self.secretRef) || (has(self.password) && has(self.password.secretRef))";
/// Shown when [`PASSWORD_RESOLVES`] refuses.
pub const PASSWORD_RESOLVES_MESSAGE: &str =
    "password comes from nowhere: set credentials.secretRef or password.secretRef";

/// A value in clear and a reference exclude each other.
pub const VALUE_OR_KEY: &str = "!has(self.value) || (!has(self.key) && !has(self.secretRef))";
/// Shown when [`VALUE_OR_KEY`] refuses.
pub const VALUE_OR_KEY_MESSAGE: &str = "set either value, or key and secretRef, not both";

/// Writing the tokens over the password they were obtained with would end the credential.
pub const TARGET_IS_NO_SOURCE: &str = "!((has(self.spec.tokenSecret) && has(self.spec.tokenSecret.name) ? self.spec.tokenSecret.name : self.metadata.name + '-token') in \
((has(self.spec.credentials.secretRef) ? [self.spec.credentials.secretRef.name] : []) \
+ (has(self.spec.credentials.clientId) && has(self.spec.credentials.clientId.secretRef) ? [self.spec.credentials.clientId.secretRef.name] : []) \
+ (has(self.spec.credentials.clientSecret) && has(self.spec.credentials.clientSecret.secretRef) ? [self.spec.credentials.clientSecret.secretRef.name] : []) \
+ (has(self.spec.credentials.username) && has(self.spec.credentials.username.secretRef) ? [self.spec.credentials.username.secretRef.name] : []) \
+ (has(self.spec.credentials.password) && has(self.spec.credentials.password.secretRef) ? [self.spec.credentials.password.secretRef.name] : [])))";
/// Shown when [`TARGET_IS_NO_SOURCE`] refuses.
pub const TARGET_IS_NO_SOURCE_MESSAGE: &str = "spec.tokenSecret.name must not be a Secret that spec.credentials reads from (when it is not set, it is metadata.name with \"-token\" behind it)";

/// The default name of the token Secret must itself be a name.
pub const NAME_FITS: &str =
    "(has(self.spec.tokenSecret) && has(self.spec.tokenSecret.name)) || size(self.metadata.name) <= 247";
/// Shown when [`NAME_FITS`] refuses.
pub const NAME_FITS_MESSAGE: &str =
    "metadata.name is too long for the default name of the token Secret: set spec.tokenSecret.name";

/// Two ways to say when to renew exclude each other.
pub const ONE_MARGIN: &str = "!(has(self.renewBeforeSeconds) && has(self.renewBeforePercentage))";
/// Shown when [`ONE_MARGIN`] refuses.
pub const ONE_MARGIN_MESSAGE: &str = "set either renewBeforeSeconds or renewBeforePercentage, not both";

/// A discarded refresh token cannot be rendered.
pub const DISCARD_NOT_RENDERED: &str = "!(has(self.refreshToken) && self.refreshToken == 'Discard' && has(self.data) && self.data.exists(k, self.data[k].replace('$$(', ' ').contains('$(refreshToken)')))";
/// Shown when [`DISCARD_NOT_RENDERED`] refuses.
pub const DISCARD_NOT_RENDERED_MESSAGE: &str = "data must not use $(refreshToken) while refreshToken is Discard";

/// A refresh grant needs a refresh token.
pub const REFRESH_NOT_WITH_DISCARD: &str = "!(has(self.renewal) && has(self.renewal.grant) && self.renewal.grant == 'Refresh' && has(self.tokenSecret) && has(self.tokenSecret.refreshToken) && self.tokenSecret.refreshToken == 'Discard')";
/// Shown when [`REFRESH_NOT_WITH_DISCARD`] refuses.
pub const REFRESH_NOT_WITH_DISCARD_MESSAGE: &str =
    "renewal.grant Refresh needs the refresh token: set tokenSecret.refreshToken to Publish";

/// A refresh grant needs the refresh token as it is, and the token Secret is the only place it is kept in.
pub const REFRESH_NEEDS_THE_TOKEN: &str = "!(has(self.renewal) && has(self.renewal.grant) && self.renewal.grant == 'Refresh' && has(self.tokenSecret) && has(self.tokenSecret.data)) || self.tokenSecret.data.exists(k, self.tokenSecret.data[k] == '$(refreshToken)')";
/// Shown when [`REFRESH_NEEDS_THE_TOKEN`] refuses.
pub const REFRESH_NEEDS_THE_TOKEN_MESSAGE: &str =
    "renewal.grant Refresh needs an entry in tokenSecret.data that is exactly $(refreshToken)";

/// Keys of a Secret.
pub const DATA_KEYS: &str =
    "self.all(k, size(k) <= 253 && k.matches('^[-._a-zA-Z0-9]+$') && !k.startsWith('..') && k != '.')";
/// Shown when [`DATA_KEYS`] refuses.
pub const DATA_KEYS_MESSAGE: &str =
    "each key of data must be a key of a Secret: letters, digits, '-', '_' and '.', not '.' and not starting with '..'";

/// Plain expansion of five names, nothing else: a template language in a Secret writer has leaked files elsewhere
/// (CVE-2026-34984).
pub const DATA_NAMES: &str = "self.all(k, !self[k].replace('$$(', ' ').replace('$(accessToken)', ' ').replace('$(refreshToken)', ' ').replace('$(tokenType)', ' ').replace('$(expiresAt)', ' ').replace('$(domain)', ' ').contains('$('))";
/// Shown when [`DATA_NAMES`] refuses.
pub const DATA_NAMES_MESSAGE: &str =
    "data knows $(accessToken), $(refreshToken), $(tokenType), $(expiresAt) and $(domain); write $$( for a literal $(";

/// Keys of labels and annotations.
pub const METADATA_KEYS: &str = "self.all(k, size(k) <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))";
/// Shown when [`METADATA_KEYS`] refuses.
pub const METADATA_KEYS_MESSAGE: &str = "each key must be a qualified name: an optional lower-case DNS prefix and '/', then up to 63 letters, digits, '-', '_' and '.'";

/// Keys that make controllers act on a Secret: with them a user could have it pruned, adopted or turned into another
/// kind of credential (CVE-2026-42876).
pub const METADATA_RESERVED: &str = "self.all(k, k.matches('^app[.]kubernetes[.]io/(name|component|part-of|version)$') || !k.matches('^([^/]*[.])?(kubernetes[.]io|k8s[.]io|argoproj[.]io|fluxcd[.]io|helm[.]sh|tracktik-operator[.]io)/'))";
/// Shown when [`METADATA_RESERVED`] refuses.
pub const METADATA_RESERVED_MESSAGE: &str = "keys under kubernetes.io, k8s.io, argoproj.io, fluxcd.io, helm.sh and tracktik-operator.io are reserved (allowed: app.kubernetes.io/name, component, part-of, version)";

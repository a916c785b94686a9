//! A point in time and a length of time, with arithmetic that cannot fail.
//!
//! Servers, users and skewed clocks hand us any number there is; a panic or a wrapped sum would be a lost renewal.

use std::{
    borrow::Cow,
    fmt,
    ops::{Add, Sub},
};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time in milliseconds; may be negative. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// That many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// That many minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// That many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// That many milliseconds.
    #[must_use]
    pub const fn millis(millis: i64) -> Self {
        Self(millis)
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// In whole seconds, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Twice, thrice … this length.
    #[must_use]
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// This length divided by `parts`; the whole length where `parts` is zero.
    #[must_use]
    pub const fn divided_by(self, parts: i64) -> Self {
        match self.0.checked_div(parts) {
            Some(part) => Self(part),
            None => self,
        }
    }

    /// As the standard library's duration, zero where negative.
    #[must_use]
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Span {
    /// `90 s`, `12 min`, `3 h`: whole units, the largest that fits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_seconds();
        match seconds {
            s if s >= 7_200 => write!(f, "{} h", s / 3_600),
            s if s >= 120 => write!(f, "{} min", s / 60),
            s => write!(f, "{s} s"),
        }
    }
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, kept between the years 1970 and 9999.
///
/// Written as RFC 3339 in UTC with whole seconds, as `metav1.Time` is: a value that goes through the API server
/// comes back as its [`Moment::whole_second`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// 9999-12-30T22:00:00Z in milliseconds, the last that RFC 3339 and jiff can write in any time zone.
const LATEST: i64 = 253_402_207_200_000;

impl Moment {
    /// The latest point in time there is.
    pub const MAX: Self = Self(LATEST);

    /// From milliseconds since 1970, brought into range.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(if millis < 0 {
            0
        } else if millis > LATEST {
            LATEST
        } else {
            millis
        })
    }

    /// From seconds since 1970, brought into range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since 1970, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000
    }

    /// The whole second that this falls in: what the API server keeps of it.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self::from_seconds(self.as_seconds())
    }

    /// The first whole second that is not earlier: what to write where earlier would be too early.
    #[must_use]
    pub const fn next_whole_second(self) -> Self {
        Self::from_millis(self.0.saturating_add(999)).whole_second()
    }

    /// From RFC 3339, with or without a fraction of a second.
    ///
    /// # Errors
    /// When the text is no RFC 3339 time; the message does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        // jiff takes years with a sign as well, which RFC 3339 has not, and asserts where it comes to its first instant.
        let unsigned = Some(text).filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        let timestamp: jiff::Timestamp = unsigned.and_then(|text| text.parse().ok()).ok_or(NotATime)?;
        Ok(Self::from_millis(timestamp.as_millisecond()))
    }

    /// As the type that Kubernetes' own structs use.
    #[must_use]
    pub fn to_time(self) -> Time {
        Time(self.timestamp())
    }

    /// From the type that Kubernetes' own structs use.
    #[must_use]
    pub fn from_time(time: &Time) -> Self {
        Self::from_millis(time.0.as_millisecond())
    }

    fn timestamp(self) -> jiff::Timestamp {
        // In range by construction; the epoch stands in for what cannot happen.
        jiff::Timestamp::from_second(self.as_seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// The text is not a time in RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time in RFC 3339")]
pub struct NotATime;

impl Add<Span> for Moment {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self::from_millis(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Moment {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self::from_millis(self.0.saturating_sub(span.0))
    }
}

impl Sub for Moment {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

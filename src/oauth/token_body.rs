//! Reads the few keys of a JSON body that matter, whatever else stands in it. No opinion on what they mean.
//!
//! Values go from the parser straight into buffers that are wiped: a `serde_json::Value` would leave copies of tokens in
//! freed memory, and `serde_json`'s errors quote what they could not read, so they end here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::secrets::sensitive::Sensitive;

/// The value of one key.
#[derive(Clone, Default)]
pub(super) enum Field {
    /// The key is missing, or its value is null.
    #[default]
    Absent,
    Text(Sensitive),
    Integer(i64),
    Fraction(f64),
    /// A truth value, list or object.
    Other,
}

impl fmt::Debug for Field {
    /// A token may be a number as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Text(_) => "Text([redacted])",
            Self::Integer(_) => "Integer([redacted])",
            Self::Fraction(_) => "Fraction([redacted])",
            Self::Other => "Other",
        })
    }
}

impl Field {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose()),
            _ => None,
        }
    }
}

/// The values of these keys of a JSON object; the last wins where one stands twice. None where the body is no JSON
/// object, or cannot be read to its end.
///
/// Only values of asked keys are looked at, so a number out of range elsewhere spoils nothing.
pub(super) fn read_fields<const N: usize>(body: &[u8], keys: [&str; N]) -> Option<[Field; N]> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let fields = Keys(keys).deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(fields)
}

struct Keys<'k, const N: usize>([&'k str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Keys<'_, N> {
    type Value = [Field; N];
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Keys<'_, N> {
    type Value = [Field; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = std::array::from_fn(|_| Field::Absent);
        while let Some(index) = map.next_key_seed(KeyIndex(&self.0))? {
            match index.and_then(|index| fields.get_mut(index)) {
                Some(field) => *field = map.next_value_seed(AnyValue)?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// Which of the keys it is, without keeping the text of an unknown one.
struct KeyIndex<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for KeyIndex<'_> {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIndex<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}

/// Takes whatever there is.
struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Field;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(Sensitive::from(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Integer(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Field, E> {
        Ok(Field::Fraction(number))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(body: &str) -> String {
        let Some(fields) = read_fields(body.as_bytes(), ["a", "b"]) else {
            return "None".to_owned();
        };
        let printed = format!("{fields:?}");
        assert!(!printed.contains(|c: char| c.is_ascii_digit()), "{printed}");
        let shown = fields.map(|field| match field {
            Field::Integer(number) => number.to_string(),
            Field::Fraction(number) => number.to_string(),
            other => format!("{other:?}"),
        });
        shown.join(", ")
    }

    #[test]
    fn any_json_is_read_or_refused_but_never_shown() {
        for (body, fields) in [
            (
                r#" {"a": "hunter2", "x": [1, {"b": 2}], "b": 7} "#,
                "Text([redacted]), 7",
            ),
            (r#"{"a": null, "x": 1e999}"#, "Absent, Absent"),
            (r#"{"a": true, "b": {"c": [[]]}}"#, "Other, Other"),
            (
                r#"{"a": 1, "a": 2.5, "b": 18446744073709551615}"#,
                "2.5, 9223372036854775807",
            ),
            (r#"{"a\u0062": 1, "\u0061": -1}"#, "-1, Absent"),
            ("{}", "Absent, Absent"),
            (r#"["hunter2"]"#, "None"),
            (r#""hunter2""#, "None"),
            ("<html>", "None"),
            ("", "None"),
            (r#"{"a": "hunter2""#, "None"),
            (r#"{"a": "hunter2"} trailing"#, "None"),
            (r#"{"a": 1e999}"#, "None"),
            ("{1: 2}", "None"),
        ] {
            assert_eq!(shape(body), fields, "{body}");
        }
        assert_eq!(
            shape(&format!("{{\"a\": {}", "[".repeat(60_000))),
            "None",
            "deep nesting ends in an error"
        );
    }
}

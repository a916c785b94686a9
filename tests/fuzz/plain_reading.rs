//! JSON as everybody reads it, to compare a parser with that looks at a few keys only.

use serde_json::Value;

/// What a plain reading minds anywhere, and such a parser only where it looks.
const MINDED: [&str; 5] = [
    "number out of range",
    "recursion limit",
    "invalid unicode",
    "surrogate",
    "hex escape",
];

/// The value of bytes that a parser has taken; nothing where a plain reading minds what that parser need not.
///
/// # Errors
/// Where they are no JSON by anybody's reading.
pub fn plainly_read(bytes: &[u8]) -> Result<Option<Value>, String> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            let why = error.to_string();
            let minded = MINDED.iter().any(|what| why.contains(what));
            if minded {
                Ok(None)
            } else {
                Err(format!("it was taken, and is no JSON: {why}"))
            }
        }
    }
}

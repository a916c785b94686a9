//! The syntax of a label selector, as the API server reads it: a mistake must show at the start, and not as a watch that
//! is refused.

/// What is expected, for whoever wrote something else.
const FORMS: &str = "write requirements separated by commas, such as team=a, team!=a, team in (a,b), team notin (a,b), team \
                     or !team";

/// The selector, if it is one. An empty one is refused: an empty variable must not widen some credentials to all.
///
/// # Errors
/// What is wrong with it, for the person who wrote it.
pub(crate) fn checked(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("empty; leave it unset for all credentials".to_owned());
    }
    let wrong = requirements(text)
        .into_iter()
        .find(|requirement| !is_requirement(requirement.trim()));
    match wrong {
        None => Ok(text.to_owned()),
        Some(wrong) => Err(format!("{:?} is no requirement of a label; {FORMS}", wrong.trim())),
    }
}

/// The parts between the commas that do not stand in parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn is_requirement(text: &str) -> bool {
    if let Some((head, values)) = text.split_once('(') {
        let words: Vec<&str> = head.split_whitespace().collect();
        let values = values.strip_suffix(')');
        return matches!(words[..], [key, "in" | "notin"] if is_key(key))
            && values.is_some_and(|values| values.split(',').all(|value| is_value(value.trim())));
    }
    if let Some(key) = text.strip_prefix('!') {
        return is_key(key.trim());
    }
    for operator in ["!=", "==", "="] {
        if let Some((key, value)) = text.split_once(operator) {
            return is_key(key.trim()) && is_value(value.trim());
        }
    }
    if let Some((key, number)) = text.split_once(['<', '>']) {
        return is_key(key.trim()) && number.trim().parse::<i64>().is_ok();
    }
    is_key(text)
}

/// `name`, or `example.com/name`.
fn is_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_part =
        |part: &str| part.chars().all(|c| lower(c) || c == '-') && part.starts_with(lower) && part.ends_with(lower);
    !name.is_empty()
        && is_value(name)
        && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_part))
}

/// As the value of a label may be; empty too.
fn is_value(text: &str) -> bool {
    let end = |c: char| c.is_ascii_alphanumeric();
    text.is_empty()
        || (text.len() <= 63
            && text.chars().all(|c| end(c) || matches!(c, '-' | '_' | '.'))
            && text.starts_with(end)
            && text.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_takes_is_taken() {
        for selector in [
            "team=a",
            "team==a",
            "team!=a",
            "team = a , stage!=test",
            "team in (a,b),stage notin (test, qa)",
            "team in(a)",
            "team",
            "!team",
            "! team",
            "example.com/team=a",
            "generation>3",
            "team=",
            "Team_1.x=A.b-c",
        ] {
            assert_eq!(checked(selector), Ok(selector.to_owned()));
        }
    }

    #[test]
    fn a_mistake_is_named() {
        for (selector, wrong) in [
            ("team=a,", "\"\""),
            ("team=a b", "\"team=a b\""),
            ("team in a,b", "\"team in a\""),
            ("team in (a,b", "\"team in (a,b\""),
            ("team is (a)", "\"team is (a)\""),
            ("=a", "\"=a\""),
            ("a/b/c=d", "\"a/b/c=d\""),
            ("/b=d", "\"/b=d\""),
            ("team=-a", "\"team=-a\""),
            ("Example.com/team=a", "\"Example.com/team=a\""),
            ("n>x", "\"n>x\""),
            ("team!=a, stage?", "\"stage?\""),
        ] {
            let message = checked(selector).unwrap_err();
            assert!(message.starts_with(&format!("{wrong} is no requirement")), "{message}");
        }
        assert!(checked("").is_err() && checked("  ").is_err());
        assert!(checked(&format!("team={}", "a".repeat(64))).is_err());
    }
}

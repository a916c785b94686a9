//! The parsers, each in a file of its own: what it is given, and what must hold of whatever comes out.

mod credentials;
mod domain_patterns;
mod domains;
mod error_answers;
mod facts;
mod leases;
mod marks;
mod refusals;
mod source_secrets;
mod templates;
mod times;
mod token_answers;
mod token_secrets;

use super::{engine::fuzz, verdict::Parser};

/// All of them.
pub const ALL: [Parser; 13] = [
    credentials::PARSER,
    domain_patterns::PARSER,
    domains::PARSER,
    error_answers::PARSER,
    facts::PARSER,
    leases::PARSER,
    marks::PARSER,
    refusals::PARSER,
    source_secrets::PARSER,
    templates::PARSER,
    times::PARSER,
    token_answers::PARSER,
    token_secrets::PARSER,
];

#[test]
fn credentials() {
    fuzz(credentials::PARSER);
}

#[test]
fn domain_patterns() {
    fuzz(domain_patterns::PARSER);
}

#[test]
fn domains() {
    fuzz(domains::PARSER);
}

#[test]
fn error_answers() {
    fuzz(error_answers::PARSER);
}

#[test]
fn facts() {
    fuzz(facts::PARSER);
}

#[test]
fn leases() {
    fuzz(leases::PARSER);
}

#[test]
fn marks() {
    fuzz(marks::PARSER);
}

#[test]
fn refusals() {
    fuzz(refusals::PARSER);
}

#[test]
fn source_secrets() {
    fuzz(source_secrets::PARSER);
}

#[test]
fn templates() {
    fuzz(templates::PARSER);
}

#[test]
fn times() {
    fuzz(times::PARSER);
}

#[test]
fn token_answers() {
    fuzz(token_answers::PARSER);
}

#[test]
fn token_secrets() {
    fuzz(token_secrets::PARSER);
}

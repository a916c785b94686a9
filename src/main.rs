//! tracktik-operator
fn main() {}

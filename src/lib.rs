//! tracktik-operator

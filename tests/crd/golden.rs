//! The definition that ships is the one that the program prints.

use std::{fs, path::Path};

#[test]
fn the_file_is_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds/tracktikcredentials.tracktik-operator.io.yaml");
    let printed = tracktik_operator::api::definition::as_yaml().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the switch with which golden files are rewritten"
    )]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    let file = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        file == printed,
        "the CRD has changed: UPDATE_GOLDEN=1 cargo test --test crd golden rewrites {}",
        path.display()
    );
}

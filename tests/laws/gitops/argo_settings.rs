//! What is merged into Argo CD's settings until it brings our scripts itself: the same scripts.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::customization;

/// A file of the repository, compared with what it should be; `UPDATE_GOLDEN=1` writes it instead.
pub fn golden(path: &Path, now: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the switch with which golden files are rewritten"
    )]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, now).unwrap();
    }
    let file = fs::read_to_string(path).unwrap_or_default();
    let path = path.display();
    assert!(
        file == now,
        "UPDATE_GOLDEN=1 cargo test --test laws gitops rewrites {path}, which should be\n{now}"
    );
}

fn script(file: &str) -> String {
    fs::read_to_string(customization().join(file)).unwrap()
}

fn indented(text: &str, by: usize) -> String {
    let mut indented = String::new();
    for line in text.lines() {
        let by = if line.is_empty() { 0 } else { by };
        writeln!(indented, "{:by$}{line}", "").unwrap();
    }
    indented
}

fn parsed(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn the_config_map_has_the_scripts_as_they_are() {
    let (health, discovery, rotate) = (
        script("health.lua"),
        script("actions/discovery.lua"),
        script("actions/rotate/action.lua"),
    );
    let actions = format!(
        "discovery.lua: |\n{}definitions:\n  - name: rotate\n    action.lua: |\n{}",
        indented(&discovery, 2),
        indented(&rotate, 6)
    );
    let key = |of: &str| format!("resource.customizations.{of}.tracktik-operator.io_TrackTikCredential");
    let fragment = format!(
        "# To be merged into Argo CD's settings, as docs/gitops.md says; the scripts are those of resource_customizations/.\n\
         data:\n  {}: |\n{}  {}: |\n{}",
        key("health"),
        indented(&health, 4),
        key("actions"),
        indented(&actions, 4)
    );
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("gitops/argocd/argocd-cm.yaml");
    golden(&path, &fragment);
    let settings = parsed(&fragment);
    assert_eq!(settings["data"][key("health")], health);
    let actions = parsed(settings["data"][key("actions")].as_str().unwrap());
    assert_eq!(actions["discovery.lua"], discovery);
    assert_eq!(actions["definitions"][0]["name"], "rotate");
    assert_eq!(actions["definitions"][0]["action.lua"], rotate);
}

//! What is made from the chart, or put into it, is committed as it is made.

use std::{fs, process::Command};

use crate::chart::{CHART, parse, path, programs, read, said};

const DEFINITION: &str = "tracktikcredentials.tracktik-operator.io.yaml";

#[test]
fn the_definition_in_the_chart_and_beside_it_is_the_one_that_the_operator_prints() {
    let mut operator = Command::new(env!("CARGO_BIN_EXE_tracktik-operator"));
    let printed = said(&operator.arg("crd").output().unwrap()).unwrap();
    for file in [format!("crds/{DEFINITION}"), format!("{CHART}/files/crds/{DEFINITION}")] {
        assert!(read(&file) == printed, "{file}: `make crd` writes it anew");
    }
}

/// One version for all: a chart that names another image than the one it was tested with.
#[test]
fn chart_image_and_manifests_are_of_the_operators_version() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = &parse(&read(&format!("{CHART}/Chart.yaml")))[0];
    assert_eq!(
        (&chart["version"], &chart["appVersion"]),
        (&version.into(), &version.into())
    );
    assert!(read("deploy/kustomization.yaml").contains(&format!("newTag: {version}")));
}

#[test]
fn the_plain_manifests_are_what_the_chart_renders() {
    let folder = tempfile::tempdir().unwrap();
    programs();
    let mut write = Command::new(path("tools/write-deploy.sh"));
    said(&write.arg(folder.path()).output().unwrap()).unwrap();
    let mut compared = 0;
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        let name = format!("deploy/{}", file.file_name().unwrap().to_string_lossy());
        assert!(
            read(&name) == fs::read_to_string(&file).unwrap(),
            "{name}: `make chart` writes it anew"
        );
        compared += 1;
    }
    assert_eq!(compared, 4);
}

#[test]
fn the_readme_is_what_helm_docs_makes_of_the_values() {
    let mut docs = Command::new(programs().join("helm-docs"));
    docs.current_dir(path(CHART))
        .args(["--dry-run", "--log-level", "warning"]);
    let made = said(&docs.output().unwrap()).unwrap();
    // A dry run ends its output with a line feed of its own.
    assert!(
        made.trim_end() == read(&format!("{CHART}/README.md")).trim_end(),
        "{CHART}/README.md: `make chart` writes it anew"
    );
}

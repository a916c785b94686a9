//! The chart as Helm renders it, and the tools that are built for it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

pub const CHART: &str = "charts/tracktik-operator";

/// A path of the repository, wherever the test is run from.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

pub fn read(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap_or_else(|problem| panic!("{relative}: {problem}"))
}

/// The folder with helm and the others, built on the first use; progress is shown on standard error.
pub fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut script = Command::new(path("tools/charttools/build.sh"));
        let built = script.stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success(), "tools/charttools/build.sh: the reason is above");
        PathBuf::from(text(&built.stdout).trim())
    })
}

/// Helm, with nothing of whoever runs the tests.
pub fn helm() -> Command {
    helm_of("helm")
}

/// The Helm that is built under this name.
pub fn helm_of(program: &str) -> Command {
    static HOME: OnceLock<tempfile::TempDir> = OnceLock::new();
    let home = HOME.get_or_init(|| tempfile::tempdir().unwrap()).path();
    let mut helm = Command::new(programs().join(program));
    helm.stdin(Stdio::null()).env_remove("KUBECONFIG");
    for folder in ["CACHE", "CONFIG", "DATA"] {
        helm.env(format!("HELM_{folder}_HOME"), home.join(folder));
    }
    helm
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a program printed, or what it complained of.
pub fn said(output: &Output) -> Result<String, String> {
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{}{}", text(&output.stdout), text(&output.stderr)))
    }
}

/// The manifests, as the release of this name in the namespace `tracktik-system`.
pub fn template(release: &str, arguments: &[&str]) -> Result<String, String> {
    let mut helm = helm();
    helm.args(["template", release, "--namespace", "tracktik-system"]);
    said(&helm.args(arguments).arg(path(CHART)).output().unwrap())
}

/// Their objects, in the order of Helm.
pub fn objects(release: &str, arguments: &[&str]) -> Vec<Value> {
    parse(&template(release, arguments).unwrap())
}

pub fn parse(manifests: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// The sets of values that the chart is checked with, by name.
pub fn value_sets() -> BTreeMap<String, String> {
    let files = fs::read_dir(path(CHART).join("ci")).unwrap();
    let sets: BTreeMap<_, _> = files
        .map(|file| {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, file.to_str().unwrap().to_owned())
        })
        .collect();
    assert!(sets.len() >= 4, "{sets:?}");
    sets
}

pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The only object of a kind.
pub fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(objects, kind);
    assert_eq!(found.len(), 1, "{kind}: {found:#?}");
    found[0]
}

/// The arguments of the operator's container, without the command.
pub fn arguments(objects: &[Value]) -> Vec<String> {
    let container = &the(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    let arguments = container["args"].as_array().unwrap().iter();
    let mut arguments: Vec<String> = arguments.map(|text| text.as_str().unwrap().to_owned()).collect();
    assert_eq!(arguments.remove(0), "run");
    arguments
}

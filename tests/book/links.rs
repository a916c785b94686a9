//! Links of HTML files, and where they lead.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

/// What stands in an attribute of this name.
pub fn attributes<'t>(html: &'t str, name: &str) -> BTreeSet<&'t str> {
    let begin = format!(" {name}=\"");
    html.split(&begin)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// Without `.` and `..`, also where nothing is there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// How many links within the folder there are, and those that lead out of it, to no file, or to no element of that id.
pub fn dead_links(folder: &Path, pages: &[PathBuf]) -> (usize, Vec<String>) {
    let texts: BTreeMap<&PathBuf, String> = pages
        .iter()
        .map(|page| (page, fs::read_to_string(page).unwrap()))
        .collect();
    let (mut checked, mut dead) = (0, Vec::new());
    for (page, html) in &texts {
        let links = attributes(html, "href").into_iter().chain(attributes(html, "src"));
        for link in links.filter(|link| !link.contains("://") && !link.starts_with("data:")) {
            checked += 1;
            let (path, id) = link.split_once('#').unwrap_or((link, ""));
            let to = if path.is_empty() {
                (*page).clone()
            } else {
                plain(&page.parent().unwrap().join(path))
            };
            let is_there = to.starts_with(folder) && to.is_file();
            let has_id = id.is_empty() || texts.get(&to).is_some_and(|html| attributes(html, "id").contains(id));
            if !is_there || !has_id {
                dead.push(format!("{}: {link}", page.strip_prefix(folder).unwrap().display()));
            }
        }
    }
    (checked, dead)
}

#[test]
fn a_dead_link_is_found() {
    let folder = tempfile::TempDir::new().unwrap();
    let page = |name: &str, html: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, html).unwrap();
        path
    };
    let links = [
        "sub/b.html",
        "sub/b.html#there",
        "#here",
        "https://example.com/",
        "c.html",
        "sub/b.html#gone",
        "#gone",
        "../a.html",
    ];
    let html: Vec<String> = links.iter().map(|link| format!("<a href=\"{link}\">")).collect();
    let html = html.concat();
    let pages = [
        page("a.html", &format!("<p id=\"here\">{html}")),
        page("sub/b.html", "<p id=\"there\"><a href=\"../a.html#here\">"),
    ];
    let (checked, dead) = dead_links(folder.path(), &pages);
    assert_eq!(checked, 8);
    assert_eq!(
        dead,
        [
            "a.html: #gone",
            "a.html: ../a.html",
            "a.html: c.html",
            "a.html: sub/b.html#gone"
        ]
    );
}

//! The book as `make book` builds it: without a warning, with every page of `docs/`, and with no link that leads nowhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tokio::{process::Command, sync::OnceCell};

use crate::{
    links::{attributes, dead_links},
    pages::{files, page, pages, repository},
};

/// Built once for all tests in here: where it is, and what mdBook said of it.
static BUILT: OnceCell<(PathBuf, String)> = OnceCell::const_new();

async fn built() -> &'static (PathBuf, String) {
    BUILT
        .get_or_init(|| async {
            let book = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
            let mut build = Command::new(repository().join("tools/book.sh"));
            // What it says by itself, whatever the shell of the tests asks of other programs.
            build.arg(&book).env_remove("RUST_LOG").env_remove("MDBOOK_LOG");
            let output = build.output().await.unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            (book, said)
        })
        .await
}

#[tokio::test]
async fn it_is_built_without_a_warning() {
    let (_, said) = built().await;
    assert!(said.contains("INFO"), "nothing is said, so nothing is found: {said}");
    let warnings: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("WARN") || line.contains("ERROR"))
        .collect();
    assert!(warnings.is_empty(), "{said}");
}

#[tokio::test]
async fn each_page_is_in_the_table_of_contents() {
    let (book, _) = built().await;
    let summary = page("docs/SUMMARY.md");
    let listed: BTreeSet<String> = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|path| format!("docs/{path}"))
        .collect();
    let there: BTreeSet<String> = pages().into_iter().filter(|path| path != "docs/SUMMARY.md").collect();
    assert_eq!(listed, there, "docs/SUMMARY.md, and what is below docs/");
    for path in &there {
        let built = path.replace("README.md", "index.md").replace(".md", ".html");
        let built = book.join(built.strip_prefix("docs/").unwrap());
        assert!(built.is_file(), "{}", built.display());
    }
}

/// Fonts, scripts and styles are its own.
#[tokio::test]
async fn it_is_read_without_a_network() {
    let (book, _) = built().await;
    for file in files(book, "html") {
        let html = fs::read_to_string(&file).unwrap();
        let loaded = attributes(&html, "src").into_iter().map(str::to_owned);
        let styles = html.split("<link ").skip(1).filter_map(|rest| rest.split('>').next());
        let styles = styles.map(|link| link.split("href=\"").nth(1).unwrap_or_default().to_owned());
        let foreign: Vec<String> = loaded.chain(styles).filter(|address| address.contains("//")).collect();
        assert!(foreign.is_empty(), "{}: {foreign:?}", file.display());
    }
}

#[tokio::test]
async fn each_link_leads_to_a_file_and_a_heading_of_the_book() {
    let (book, _) = built().await;
    let mut html = files(book, "html");
    // Shown for an address that is none of the book's, so its links begin at the root of the site.
    html.retain(|file| file != &book.join("404.html"));
    let (checked, dead) = dead_links(book, &html);
    assert!(checked > 500, "only {checked} links were found");
    assert!(dead.is_empty(), "{dead:#?}");
}

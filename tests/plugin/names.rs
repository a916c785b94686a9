//! `create` with names that no API server takes: with `-o` there is none to say so.

use crate::user::{ended, plugin};

#[tokio::test]
async fn a_name_that_no_api_server_takes_is_refused_without_one() {
    let long = "a".repeat(254);
    for arguments in [
        &["create", "Acme_1"][..],
        &["create", "acme-"],
        &["create", &long],
        &["create", ""],
        &["create", "acme", "--secret", "Shared_account"],
    ] {
        let arguments = [arguments, &["--domain=acme.staffr.net", "-o", "yaml"]].concat();
        let refused = ended(plugin(&arguments)).await;
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {}",
            refused.all()
        );
        assert!(
            refused.stderr.contains("lower-case letters, digits, '-' and '.'"),
            "{}",
            refused.stderr
        );
    }
}

//! Which domains credentials may be sent to, tricks included.

use tracktik_operator::oauth::AllowedDomains;

#[test]
fn tracktiks_own_zones_are_the_default() {
    let allowed = AllowedDomains::default();
    assert_eq!(allowed, AllowedDomains::parse(AllowedDomains::DEFAULT).unwrap());
    assert_eq!(allowed.to_string(), "*.staffr.net, *.staffr.us, *.staffr.ca");
    for domain in [
        "acme.staffr.net",
        "acme.staffr.net:443",
        "acme.qa.staffr.net",
        "a.b.c.d.staffr.net",
        "acme.staffr.us",
        "acme.qa.staffr.ca",
        "xn--mnchen-3ya.staffr.net",
    ] {
        assert!(allowed.allows(domain), "{domain}");
    }
    for domain in [
        "staffr.net",
        "staffr.net:443",
        "evilstaffr.net",
        "evil-staffr.net",
        "acme.staffr.net.evil.com",
        "acme.staffr.network",
        "acme.staffr.com",
        "acme.staffr.net:8443",
        "acme.staffr.net:80",
        "acme.staffr.net.",
        "ACME.staffr.net",
        "acme.staffr.NET",
        "user@acme.staffr.net",
        "user:password@acme.staffr.net",
        "evil.com#.staffr.net",
        "evil.com/.staffr.net",
        "evil.com?.staffr.net",
        "evil.com\\.staffr.net",
        "evil.com%2f.staffr.net",
        "evil.com%00.staffr.net",
        "*.staffr.net",
        ".staffr.net",
        "acme..staffr.net",
        "acme。staffr.net",
        "acme.ｓtaffr.net",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "localhost",
        "kubernetes.default.svc",
        "169.254.169.254",
        "https://acme.staffr.net",
        "",
    ] {
        assert!(!allowed.allows(domain), "{domain:?}");
    }
}

#[test]
fn what_is_listed_exactly_covers_only_itself() {
    let patterns = [
        "idp.example.com",
        "10.0.0.7:8443",
        "localhost:8443",
        "192.0.2.1",
        "staffr.net:443",
    ];
    let allowed = AllowedDomains::parse(patterns).unwrap();
    let yes = [
        "idp.example.com",
        "idp.example.com:443",
        "10.0.0.7:8443",
        "localhost:8443",
        "192.0.2.1",
        "staffr.net",
    ];
    for domain in yes {
        assert!(allowed.allows(domain), "{domain}");
    }
    let no = [
        "idp.example.com:8443",
        "a.idp.example.com",
        "10.0.0.7",
        "10.0.0.7:443",
        "localhost",
        "0xc0.0.2.1",
    ];
    for domain in no {
        assert!(!allowed.allows(domain), "{domain}");
    }
    assert_eq!(
        allowed.to_string(),
        "idp.example.com, 10.0.0.7:8443, localhost:8443, 192.0.2.1, staffr.net"
    );
    assert!(!AllowedDomains::parse::<&str>([]).unwrap().allows("acme.staffr.net"));
}

#[test]
fn a_pattern_that_is_too_wide_or_misread_is_refused_by_name() {
    for (pattern, why) in [
        ("*", "a star may only stand"),
        ("*.", "1 to 253"),
        ("*.*", "a star may only stand"),
        ("*.net", "top-level"),
        ("*.*.net", "a star may only stand"),
        ("acme.*.net", "a star may only stand"),
        ("ac*.staffr.net", "a star may only stand"),
        ("*acme.staffr.net", "a star may only stand"),
        ("*.staffr.net:443", "port 443 only"),
        ("*.staffr.net:8443", "port 443 only"),
        ("*.staffr.net.", "labels"),
        ("*.Staffr.net", "lower case"),
        ("*.10.0.0.1", "address itself"),
        ("*.0.1", "canonical"),
        ("*.127.1", "canonical"),
        ("127.1", "canonical"),
        ("https://acme.staffr.net", "no scheme"),
        ("acme.staffr.net/", "only a-z"),
        ("münchen.staffr.net", "xn--"),
        ("", "1 to 253"),
    ] {
        let error = AllowedDomains::parse(["acme.staffr.net", pattern])
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
        // What else may hold a password.
        let of_a_host = pattern
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.:*".contains(&b));
        assert_eq!(error.contains(&format!("\"{pattern}\"")), of_a_host, "{error}");
        assert_ne!(error.contains("not repeated here"), of_a_host, "{error}");
    }
}

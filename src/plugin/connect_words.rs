//! What went wrong at a token endpoint, for somebody at a terminal: whom the operator's own words would send to the cluster.

use tracktik_operator::oauth::{CertificateFault, ConnectFault, TokenRequestFailure};

/// What is wrong and what to do. `domain` is a host, as `Host::parse` takes it.
pub fn message(failure: TokenRequestFailure, domain: &str) -> String {
    match failure {
        TokenRequestFailure::NotConnected(fault) => format!("could not connect to {domain}: {}", words(fault)),
        // With --from-env and in a file there is no object yet that has a field of that name.
        _ => failure.message(domain).replace("check spec.domain", "check the domain"),
    }
}

fn words(fault: ConnectFault) -> &'static str {
    match fault {
        ConnectFault::NotAllowed => "it is not allowed; give --allowed-domain as the operator has it",
        ConnectFault::HeldBack => "the connection was closed unused",
        ConnectFault::NotResolved => "the name could not be resolved; check the domain, and this machine's DNS",
        ConnectFault::Refused => "the connection was refused; check the domain",
        ConnectFault::Unreachable => "the host cannot be reached; check this machine's route",
        ConnectFault::TimedOut => "it took too long; check this machine's route, and firewalls on it",
        ConnectFault::Cut => {
            "the connection was cut during the TLS handshake; check this machine's route, and firewalls on it"
        }
        ConnectFault::Certificate(fault) => certificate(fault),
        ConnectFault::Tls => "the TLS handshake failed; the server must speak TLS 1.2 or 1.3",
        ConnectFault::Proxy => "the proxy could not be reached or refused the tunnel; check HTTPS_PROXY",
        ConnectFault::Other => "the connection failed",
    }
}

fn certificate(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::UnknownIssuer => {
            "its certificate is signed by an authority that is not trusted here; give --ca-bundle as the operator has it \
             if that is intended"
        }
        CertificateFault::WrongName => "its certificate is issued for another name; check the domain",
        CertificateFault::Expired => {
            "its certificate has expired; its owner must renew it (or this machine's clock is wrong)"
        }
        CertificateFault::NotYetValid => "its certificate is not valid yet; check this machine's clock",
        CertificateFault::Other => "its certificate was not accepted",
    }
}

#[cfg(test)]
mod tests {
    use tracktik_operator::oauth::Misbehaviour;

    use super::*;

    #[test]
    fn nobody_at_a_terminal_is_sent_to_the_cluster() {
        let faults = [
            ConnectFault::NotAllowed,
            ConnectFault::HeldBack,
            ConnectFault::NotResolved,
            ConnectFault::Refused,
            ConnectFault::Unreachable,
            ConnectFault::TimedOut,
            ConnectFault::Cut,
            ConnectFault::Certificate(CertificateFault::UnknownIssuer),
            ConnectFault::Certificate(CertificateFault::WrongName),
            ConnectFault::Certificate(CertificateFault::Expired),
            ConnectFault::Certificate(CertificateFault::NotYetValid),
            ConnectFault::Certificate(CertificateFault::Other),
            ConnectFault::Tls,
            ConnectFault::Proxy,
            ConnectFault::Other,
        ];
        let redirect = TokenRequestFailure::Misbehaved {
            status: Some(302),
            what: Misbehaviour::Redirect,
        };
        let failures = faults.map(TokenRequestFailure::NotConnected);
        for failure in failures.into_iter().chain([redirect]) {
            let told = message(failure, "acme.staffr.net");
            for word in ["cluster", "spec.", "node", "leader", "the operator's"] {
                assert!(!told.contains(word), "{told}");
            }
        }
        assert_eq!(
            message(
                TokenRequestFailure::NotConnected(ConnectFault::NotResolved),
                "acme.staffr.net"
            ),
            "could not connect to acme.staffr.net: the name could not be resolved; check the domain, and this machine's DNS"
        );
    }
}

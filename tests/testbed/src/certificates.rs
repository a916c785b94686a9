//! A certificate authority for tests and the server certificates that it signs. Only keys and
//! certificates: nothing here listens or connects.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// A certificate authority that lives as long as the test; its key never touches the disk.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// Where the PEM files of one server certificate lie.
#[derive(Debug, Clone)]
pub struct ServerCertificate {
    /// The certificate. The authority signs it directly, so there is no chain to send.
    pub cert_path: PathBuf,
    /// Its private key, PKCS #8.
    pub key_path: PathBuf,
}

/// Why a certificate could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that is neither an IP address nor a DNS name, or a failure to sign.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// The folder is missing or cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Authority {
    /// Makes a new authority with a key of its own: nothing else in the world trusts it.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        // Two authorities of one name would differ only in their signatures, and a client would call
        // the wrong one a forgery instead of unknown.
        let name = format!("test authority {:02x?}", &params.key_identifier(&key)[..4]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key)?;
        Ok(Self { issuer })
    }

    /// The authority's own certificate in PEM: what a client must trust.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes [`Self::ca_pem`] to `path`, as a bundle for the operator's `--ca` or a Secret.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_ca(&self, path: &Path) -> Result<(), Error> {
        write(path, &self.ca_pem())
    }

    /// Issues a certificate for these DNS names and IP addresses, and writes it with its key into
    /// `dir`. Issued again for the same first name, it replaces the earlier files.
    ///
    /// # Errors
    /// When a name is no name, or a file cannot be written.
    pub fn issue(&self, dir: &Path, names: &[&str]) -> Result<ServerCertificate, Error> {
        let stem = names.first().copied().unwrap_or("server");
        self.sign(dir, stem, &server_params(names)?)
    }

    /// Issues a certificate that is good but for another host: a client that connects to any
    /// address of this machine must refuse it.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub fn issue_for_wrong_name(&self, dir: &Path) -> Result<ServerCertificate, Error> {
        self.issue(dir, &["wrong-name.invalid"])
    }

    /// Issues a certificate for these names that ended in 2001.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub fn issue_expired(&self, dir: &Path, names: &[&str]) -> Result<ServerCertificate, Error> {
        let mut params = server_params(names)?;
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(dir, "expired", &params)
    }

    fn sign(&self, dir: &Path, stem: &str, params: &CertificateParams) -> Result<ServerCertificate, Error> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        // A colon, as in `::1`, separates paths in some variables.
        let stem = stem.replace(':', "-");
        let files = ServerCertificate {
            cert_path: dir.join(format!("{stem}.crt")),
            key_path: dir.join(format!("{stem}.key")),
        };
        write(&files.cert_path, &certificate.pem())?;
        write(&files.key_path, &key.serialize_pem())?;
        Ok(files)
    }
}

fn server_params(names: &[&str]) -> Result<CertificateParams, Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // OpenSSL in its strict mode, Python's default since 3.13, refuses a certificate without it.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn write(path: &Path, pem: &str) -> Result<(), Error> {
    fs::write(path, pem).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{
        CertificateError::{ExpiredContext, NotValidForNameContext, UnknownIssuer},
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        crypto::ring,
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    };

    use super::{Authority, ServerCertificate};

    #[test]
    fn clients_accept_what_is_good_and_refuse_the_rest() -> Result<(), Box<dyn std::error::Error>> {
        let (authority, stranger) = (Authority::new()?, Authority::new()?);
        let dir = tempfile::tempdir()?;
        let good = authority.issue(dir.path(), &["127.0.0.1", "localhost", "::1"])?;
        let expired = authority.issue_expired(dir.path(), &["127.0.0.1"])?;
        let wrong_name = authority.issue_for_wrong_name(dir.path())?;

        for host in ["127.0.0.1", "localhost", "::1"] {
            assert_eq!(refusal(&authority, &good, host)?, None, "{host}");
        }
        let refused = |by, shown| refusal(by, shown, "127.0.0.1");
        assert!(matches!(refused(&stranger, &good)?, Some(UnknownIssuer)));
        assert!(matches!(refused(&authority, &expired)?, Some(ExpiredContext { .. })));
        assert!(matches!(
            refused(&authority, &wrong_name)?,
            Some(NotValidForNameContext { .. })
        ));
        Ok(())
    }

    /// Why a client that trusts `authority` alone refuses this certificate of `host`.
    fn refusal(
        authority: &Authority,
        shown: &ServerCertificate,
        host: &str,
    ) -> Result<Option<rustls::CertificateError>, Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.ca_pem().as_bytes())?)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        let shown = CertificateDer::from_pem_file(&shown.cert_path)?;
        let host = ServerName::try_from(host.to_owned())?;
        match verifier.verify_server_cert(&shown, &[], &host, &[], UnixTime::now()) {
            Ok(_) => Ok(None),
            Err(rustls::Error::InvalidCertificate(reason)) => Ok(Some(reason)),
            Err(other) => Err(other.into()),
        }
    }
}

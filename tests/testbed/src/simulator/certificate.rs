//! The certificate that the simulator shows: from PEM, or made up on the spot for the demo.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use super::StartError;

/// A certificate chain and its private key, both PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The server's certificate first, then those between it and the CA.
    pub chain_pem: Vec<u8>,
    /// The private key of the first one.
    pub key_pem: Vec<u8>,
}

impl Certificate {
    /// A CA made for the occasion and a certificate of its own for these names or addresses: the
    /// certificate, and the CA as PEM for those who shall trust it. The CA's key is forgotten.
    ///
    /// # Errors
    /// A name that a certificate cannot hold.
    pub fn self_made(names: &[&str]) -> Result<(Self, String), rcgen::Error> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let name = "TrackTik simulator CA";
        authority.distinguished_name.push(DnType::CommonName, name);
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();

        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut server = CertificateParams::new(names)?;
        server.use_authority_key_identifier_extension = true;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server_key = KeyPair::generate()?;
        let issuer = Issuer::new(authority, authority_key);
        let certificate = Self {
            chain_pem: server.signed_by(&server_key, &issuer)?.pem().into_bytes(),
            key_pem: server_key.serialize_pem().into_bytes(),
        };
        Ok((certificate, authority_pem))
    }

    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, StartError> {
        let chain = CertificateDer::pem_slice_iter(&self.chain_pem);
        let chain = chain.collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| StartError::CertificateUnreadable)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key_pem);
        let key = key.map_err(|_| StartError::KeyUnreadable)?;
        // The provider is named, so that a second one in some dependency can't make rustls panic.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

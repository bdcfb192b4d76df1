//! TLS: an authority made for this sandbox, and a certificate of it for the address it listens on.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What TLS needs.
pub(super) struct Made {
    pub acceptor: TlsAcceptor,
    /// The PEM file of the authority.
    pub ca: PathBuf,
    /// The folder that vanishes with the sandbox, if there is no data folder.
    pub folder: Option<tempfile::TempDir>,
}

/// Makes an authority and a certificate. The authority is new with every start; its key is never written.
pub(super) fn make(ip: IpAddr, data_dir: Option<&Path>) -> Result<Made, String> {
    build(ip, data_dir).map_err(|error| error.to_string())
}

fn build(ip: IpAddr, data_dir: Option<&Path>) -> Result<Made, Box<dyn std::error::Error + Send + Sync>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "Heeler sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "Heeler sandbox");
    for ip in [ip, IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])] {
        params.subject_alt_names.push(SanType::IpAddress(ip));
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, &issuer)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let folder = if data_dir.is_none() { Some(tempfile::tempdir()?) } else { None };
    let home = folder.as_ref().map(tempfile::TempDir::path).or(data_dir).unwrap_or(Path::new("."));
    let ca = home.join("sandbox-ca.pem");
    std::fs::write(&ca, pem)?;
    Ok(Made { acceptor: TlsAcceptor::from(Arc::new(config)), ca, folder })
}

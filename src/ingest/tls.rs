//! The certificate of the traders' door. Without a configured one the gateway makes its own
//! authority and certificate for this machine, good enough to develop and to try it with
//! `curl --cacert`, and says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::disk::{LocalDisk, write_aside};
use crate::fault::Fault;
use crate::telemetry;

/// Where certificate and key are.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// PEM file of the certificate and what leads to its root.
    pub certificate: Option<PathBuf>,
    /// PEM file of its private key.
    pub key: Option<PathBuf>,
}

/// The configuration of TLS: 1.3 and 1.2, HTTP/2 and HTTP/1.1. Without configured files, those
/// in `folder`, which are made if need be.
///
/// # Errors
/// A fault of the operator that names the file.
pub fn load(settings: &Settings, folder: &Path) -> Result<Arc<ServerConfig>, Fault> {
    let (certificate, key) = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) => {
            development_ca(folder)?;
            telemetry::ingest_own_certificate(&folder.join("ca.pem"));
            (folder.join("cert.pem"), folder.join("key.pem"))
        }
        _ => {
            return Err(Fault::operator(
                "ingest.certificate and ingest.key: give both or neither",
            ));
        }
    };
    let named = |path: &Path, what: String| Fault::operator(format!("{}: {what}", path.display()));
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(&certificate)
            .map_err(|error| named(&certificate, error.to_string()))?
            .collect();
    let chain = chain.map_err(|error| named(&certificate, error.to_string()))?;
    let private =
        PrivateKeyDer::from_pem_file(&key).map_err(|error| named(&key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::ours(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| named(&certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The CA of the certificate in `folder`, both made if they are not there.
///
/// # Errors
/// A folder that cannot be written.
pub fn development_ca(folder: &Path) -> Result<Vec<u8>, Fault> {
    let ca = folder.join("ca.pem");
    if !ca.exists() {
        make(folder).map_err(|why| Fault::operator(format!("{}: {why}", folder.display())))?;
    }
    fs::read(&ca).map_err(|error| Fault::operator(format!("{}: {error}", ca.display())))
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let text = |error: rcgen::Error| error.to_string();
    let mut authority = CertificateParams::new(Vec::new()).map_err(text)?;
    authority
        .distinguished_name
        .push(DnType::CommonName, "Tongguan development CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(text)?)
        .map_err(text)?;

    let names = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    let mut leaf = CertificateParams::new(names).map_err(text)?;
    leaf.distinguished_name
        .push(DnType::CommonName, "localhost");
    let key = KeyPair::generate().map_err(text)?;
    let certificate = leaf.signed_by(&key, &authority).map_err(text)?;
    let files = [
        ("key.pem", key.serialize_pem()),
        ("cert.pem", certificate.pem()),
        // Last: its being there says that the others are.
        ("ca.pem", authority.pem()),
    ];
    files.iter().try_for_each(|(name, pem)| {
        let written = write_aside(&LocalDisk, &folder.join(name), pem.as_bytes());
        written.map_err(|error| error.to_string())
    })
}

//! An own certificate authority, and servers with everything wrong that a certificate can have wrong.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        // Two authorities of one name would be told apart by their signatures alone.
        let name = data_encoding::HEXLOWER.encode(&key.public_key_raw()[..8]);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("roots.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    /// The file of roots.
    pub(crate) fn roots(&self) -> PathBuf {
        self.folder.path().join("roots.pem")
    }

    /// A server for `name`, whose certificate holds from one year to another.
    pub(crate) fn server(&self, name: &str, from: i32, until: i32) -> Arc<ServerConfig> {
        Arc::new(self.config(name, from, until))
    }

    /// The same, speaking HTTP/2 alone.
    pub(crate) fn http2_server(&self, name: &str) -> Arc<ServerConfig> {
        let mut config = self.config(name, 2020, 2096);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    /// The same, speaking TLS 1.2 alone.
    pub(crate) fn old_server(&self, name: &str) -> Arc<ServerConfig> {
        Arc::new(self.versions(name, 2020, 2096, &[&tokio_rustls::rustls::version::TLS12]))
    }

    fn config(&self, name: &str, from: i32, until: i32) -> ServerConfig {
        self.versions(name, from, until, tokio_rustls::rustls::DEFAULT_VERSIONS)
    }

    fn versions(
        &self,
        name: &str,
        from: i32,
        until: i32,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap()
    }
}

//! Certificates of a test's own authority, right and wrong.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What the server shows when a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// A certificate for `127.0.0.1` and `localhost` that the given roots vouch for. HTTP/2 and HTTP/1.1.
    Good,
    /// The same, expired in 2020.
    Expired,
    /// For another host.
    WrongHost,
    /// By an authority that is not among the given roots.
    UnknownRoot,
    /// Plain text, although the address says `https`.
    PlainText,
}

/// What a server with TLS needs.
pub(super) struct Setup {
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) roots: String,
}

type Made<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn authority(name: &str) -> Made<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

pub(super) fn set_up(tls: Tls) -> Made<Setup> {
    let trusted = authority("kit root")?;
    let roots = trusted.pem();
    if tls == Tls::PlainText {
        return Ok(Setup { acceptor: None, roots });
    }
    let stranger = authority("another root")?;
    let issuer = if tls == Tls::UnknownRoot { &stranger } else { &trusted };
    let names: Vec<String> = match tls {
        Tls::WrongHost => vec![String::from("elsewhere.example")],
        _ => vec![String::from("127.0.0.1"), String::from("localhost")],
    };
    let mut params = CertificateParams::new(names)?;
    if tls == Tls::Expired {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Setup { acceptor: Some(TlsAcceptor::from(Arc::new(config))), roots })
}

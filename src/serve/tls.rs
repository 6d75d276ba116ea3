//! The certificate of the service, from PEM texts. TLS 1.2 and 1.3; HTTP/1.1 alone.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Builds the side of the service. Whoever shows no client certificate is still let in, so that health can be asked for
/// and a browser can give its password; who shows one that the authority did not sign is turned away.
///
/// # Errors
/// What is wrong with which of the texts. A private key is never repeated.
pub fn server_config(certificate: &[u8], key: &[u8], client_ca: Option<&[u8]>) -> Result<Arc<ServerConfig>, String> {
    let chain = certificates("serve.tls.certificate", certificate)?;
    // What came back could quote the key.
    let key =
        PrivateKeyDer::from_pem_slice(key).map_err(|_| String::from("serve.tls.key: is no private key as PEM"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("serve.tls: {error}"))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(text) => {
            let mut roots = RootCertStore::empty();
            for root in certificates("serve.tls.client_ca", text)? {
                roots.add(root).map_err(|error| format!("serve.tls.client_ca: {error}"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| format!("serve.tls.client_ca: {error}"))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| format!("serve.tls: certificate and key do not fit: {error}"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(key: &str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match read {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!("{key}: holds no certificate as PEM")),
        Err(error) => Err(format!("{key}: {error}")),
    }
}

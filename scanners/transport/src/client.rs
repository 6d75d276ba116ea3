//! The HTTP client: built once a door, with nothing left to a default of the library.

use std::path::Path;
use std::sync::Arc;

use reqwest::tls::Version;
use reqwest::{Certificate, Client};
use scan_contract::Cause;

use crate::address::{GuardedResolver, Lookup};
use crate::origin::Origins;
use crate::settings::{Connection, Settings};

/// Most headers of a reply.
const HEADERS: usize = 128;
/// Largest file of roots, in bytes. The bundle of a distribution is a quarter of a mebibyte.
const ROOTS: u64 = 4 * 1024 * 1024;

/// A client for `settings`.
///
/// # Errors
/// Roots that cannot be read, a proxy that is none.
pub(crate) fn build(settings: &Settings, origins: Arc<Origins>, lookup: Arc<dyn Lookup>) -> Result<Client, Cause> {
    let connection = &settings.connection;
    let proxy = connection.proxy.as_ref().map(|proxy| &proxy.url);
    let resolver = GuardedResolver { origins, proxy: proxy.and_then(|url| url.host_str()).map(String::from), lookup };
    let headers = u32::try_from(connection.limits.headers).unwrap_or(u32::MAX);
    let mut builder = Client::builder()
        .user_agent(concat!("holdover/", env!("CARGO_PKG_VERSION")))
        .tls_backend_rustls()
        .tls_version_min(Version::TLS_1_2)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(connection.time.connect)
        .pool_idle_timeout(std::time::Duration::from_secs(20))
        .http1_max_headers(HEADERS)
        .http2_max_header_list_size(headers)
        .dns_resolver(resolver);
    if let Some(url) = proxy {
        builder = builder.proxy(proxy_of(connection, url)?);
    }
    if let Some(path) = &connection.roots {
        builder = builder.tls_certs_only(read_roots(path)?);
    }
    builder.build().map_err(|_| Cause::Bug { what: format!("{}: the client cannot be built", settings.system) })
}

/// Plain text stays on this machine, so the proxy sees TLS only, through CONNECT.
fn proxy_of(connection: &Connection, url: &url::Url) -> Result<reqwest::Proxy, Cause> {
    let needs = |what: &str| Cause::Needs { what: String::from(what) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(needs("a proxy address without user information"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(needs("a proxy address that begins with http:// or https://"));
    }
    debug_assert!(connection.proxy.is_some());
    reqwest::Proxy::https(url.clone()).map_err(|_| needs("a proxy address that can be used"))
}

fn read_roots(path: &Path) -> Result<Vec<Certificate>, Cause> {
    let failed = |detail: String| Cause::Unreachable { step: format!("read roots {}", path.display()), detail };
    let size = std::fs::metadata(path).map_err(|error| failed(error.kind().to_string()))?.len();
    if size > ROOTS {
        return Err(failed(format!("{size} bytes, limit {ROOTS}")));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.kind().to_string()))?;
    let roots = Certificate::from_pem_bundle(&bytes).map_err(|_| failed(String::from("not PEM certificates")))?;
    if roots.is_empty() {
        return Err(failed(String::from("no certificate in it")));
    }
    Ok(roots)
}

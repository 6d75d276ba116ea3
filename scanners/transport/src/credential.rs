//! Who puts a secret on a request.

use async_trait::async_trait;
use http::HeaderMap;
use scan_contract::Cause;

use crate::request::Request;

/// A credential of one scanner.
#[async_trait]
pub trait Credential: Send + Sync {
    /// Adds what authenticates `request`, marked sensitive. Called after every wait and before every attempt (TIM-5);
    /// fetches or renews a short-lived token when it would end within 60 s.
    async fn headers(&self, request: &Request) -> Result<HeaderMap, Cause>;

    /// The service has refused the present token (401): drop it, so that the next call of [`Credential::headers`]
    /// fetches another. `false`: there is none to be had, and the refusal stands.
    async fn renew(&self) -> Result<bool, Cause>;

    /// The same, where it is known what [`Credential::headers`] had put on the refused request. Several requests are under
    /// way with one token, and each of them is refused: a credential that compares keeps the token it fetched after the
    /// first refusal. `true` as well where another one is at hand already.
    async fn renew_after(&self, _: &HeaderMap) -> Result<bool, Cause> {
        self.renew().await
    }
}

/// No credential: for sign-in requests and public interfaces.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait]
impl Credential for Anonymous {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        Ok(HeaderMap::new())
    }

    async fn renew(&self) -> Result<bool, Cause> {
        Ok(false)
    }
}

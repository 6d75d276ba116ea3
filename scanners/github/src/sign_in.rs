//! Signing in: a token of a person, or an App's installation.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderValue, Method};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use scan_contract::{Cause, Instant};
use scan_transport::{Credential, Door, Reply, Request, Secret, SecretRef, Secrets};
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::Mutex;
use url::Url;

use crate::granted::Granted;
use crate::hub::SharedGranted;

/// Signed claims may be valid ten minutes at most; nine leave room for clocks that differ.
const CLAIMS_MINUTES: i64 = 9;
/// How long before its end a token is replaced.
const MARGIN_SECONDS: i64 = 60;

fn bearer(secret: &Secret) -> Result<HeaderMap, Cause> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.expose_secret()))
        .map_err(|_| Cause::Unauthenticated { detail: String::from("the token holds characters that no token has") })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]))
}

/// A token of a person.
pub(crate) struct Token {
    reference: SecretRef,
    secrets: Arc<dyn Secrets>,
    kept: Mutex<Option<Secret>>,
}

impl Token {
    /// A token that is fetched when it is first needed.
    pub(crate) fn new(reference: SecretRef, secrets: Arc<dyn Secrets>) -> Self {
        Self { reference, secrets, kept: Mutex::new(None) }
    }
}

#[async_trait]
impl Credential for Token {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut kept = self.kept.lock().await;
        let token = match kept.take() {
            Some(token) => token,
            None => self.secrets.fetch(&self.reference)?,
        };
        bearer(kept.insert(token))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        // The file may have been replaced meanwhile.
        let fresh = self.secrets.fetch(&self.reference)?;
        let mut kept = self.kept.lock().await;
        let differs = kept.as_ref().is_none_or(|token| token.expose_secret() != fresh.expose_secret());
        *kept = Some(fresh);
        Ok(differs)
    }
}

/// The claims an App signs.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
}

/// A text of an answer that must not be shown.
struct Hidden(Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::from(text)))
    }
}

#[derive(Deserialize)]
struct InstallationToken {
    token: Hidden,
    expires_at: DateTime<Utc>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

/// An App's installation in the organisation.
pub(crate) struct AppInstallation {
    door: Door,
    rest: String,
    organisation: String,
    version: String,
    issuer: String,
    private_key: SecretRef,
    installation_id: Option<u64>,
    secrets: Arc<dyn Secrets>,
    granted: SharedGranted,
    kept: Mutex<Option<(Secret, Instant)>>,
}

impl AppInstallation {
    /// An App that signs in when it is first needed. `door` carries no credential.
    #[expect(clippy::too_many_arguments, reason = "the facts of one sign-in, put together in one place")]
    pub(crate) fn new(
        door: Door,
        rest: String,
        organisation: String,
        version: String,
        issuer: String,
        private_key: SecretRef,
        installation_id: Option<u64>,
        secrets: Arc<dyn Secrets>,
        granted: SharedGranted,
    ) -> Self {
        let kept = Mutex::new(None);
        Self { door, rest, organisation, version, issuer, private_key, installation_id, secrets, granted, kept }
    }

    async fn send(&self, method: Method, path: &str) -> Result<Reply, Cause> {
        let url = Url::parse(&format!("{}{path}", self.rest))
            .map_err(|_| Cause::Bug { what: String::from("github: an address of the sign-in that is none") })?;
        let mut request = Request::get(url);
        request.method = method;
        request.headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        request.headers.insert(http::header::USER_AGENT, HeaderValue::from_static("holdover"));
        if let Ok(version) = HeaderValue::from_str(&self.version) {
            request.headers.insert("x-github-api-version", version);
        }
        let signer = Signer {
            issuer: self.issuer.clone(),
            private_key: self.private_key.clone(),
            secrets: Arc::clone(&self.secrets),
            door: self.door.clone(),
        };
        let door = self.door.with_credential(Arc::new(signer));
        door.send(request).await
    }

    async fn installation(&self) -> Result<u64, Cause> {
        if let Some(id) = self.installation_id {
            return Ok(id);
        }
        let path = format!("/orgs/{}/installation", self.organisation);
        let reply = self.send(Method::GET, &path).await?;
        match reply.status.as_u16() {
            200 => reply.json::<Installation>().map(|installation| installation.id),
            404 => Err(unauthenticated("the App is not installed in this organisation")),
            _ => Err(refusal(&reply)),
        }
    }

    async fn fetch(&self) -> Result<(Secret, Instant), Cause> {
        let id = self.installation().await?;
        let reply = self.send(Method::POST, &format!("/app/installations/{id}/access_tokens")).await?;
        if reply.status.as_u16() != 201 {
            return Err(refusal(&reply));
        }
        let token: InstallationToken = reply.json()?;
        // Anything else beside a permission is not what the description promises, and is neither believed nor shown.
        let known = |access: &str| matches!(access, "read" | "write" | "admin");
        let permissions = token.permissions.into_iter().filter(|(_, access)| known(access)).collect();
        *self.granted.lock().unwrap_or_else(PoisonError::into_inner) = Granted::App(permissions);
        Ok((token.token.0, token.expires_at))
    }

    /// Drops a token that was given back.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    /// Whether a token is in hand, so that there is something to give back.
    pub(crate) async fn signed_in(&self) -> bool {
        self.kept.lock().await.is_some()
    }
}

fn refusal(reply: &Reply) -> Cause {
    match reply.status.as_u16() {
        401 | 403 | 404 | 422 => unauthenticated(&reply.describe()),
        _ => reply.unexpected(),
    }
}

fn unauthenticated(detail: &str) -> Cause {
    Cause::Unauthenticated { detail: String::from(detail) }
}

/// Signs claims with the private key of the App, anew for each attempt: a signature is made after a wait (TIM-5).
struct Signer {
    issuer: String,
    private_key: SecretRef,
    secrets: Arc<dyn Secrets>,
    door: Door,
}

impl Signer {
    fn claims(&self) -> Result<Secret, Cause> {
        let pem = self.secrets.fetch(&self.private_key)?;
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
            .map_err(|_| unauthenticated("the private key of the App is no RSA key in PEM"))?;
        let now = self.door.now();
        let claims = Claims {
            iss: &self.issuer,
            // A minute ago, for clocks that differ.
            iat: (now - TimeDelta::seconds(60)).timestamp(),
            exp: (now + TimeDelta::minutes(CLAIMS_MINUTES)).timestamp(),
        };
        let signed = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
            .map_err(|_| unauthenticated("the claims of the App could not be signed"))?;
        Ok(Secret::from(signed))
    }
}

#[async_trait]
impl Credential for Signer {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        bearer(&self.claims()?)
    }

    async fn renew(&self) -> Result<bool, Cause> {
        // The next attempt signs anew, with a key that may have been replaced meanwhile.
        Ok(true)
    }
}

#[async_trait]
impl Credential for AppInstallation {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut kept = self.kept.lock().await;
        let ends_soon = |ends: &Instant| *ends - TimeDelta::seconds(MARGIN_SECONDS) <= self.door.now();
        if kept.as_ref().is_none_or(|(_, ends)| ends_soon(ends)) {
            *kept = Some(self.fetch().await?);
        }
        kept.as_ref().map_or_else(|| Err(unauthenticated("no token")), |(token, _)| bearer(token))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        *self.kept.lock().await = None;
        Ok(true)
    }
}

impl std::fmt::Debug for AppInstallation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AppInstallation").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

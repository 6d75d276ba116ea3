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
        let kept = self.kept.lock().await.as_ref().map(bearer).transpose()?;
        self.renew_after(&kept.unwrap_or_default()).await
    }

    async fn renew_after(&self, refused: &HeaderMap) -> Result<bool, Cause> {
        // The file may have been replaced meanwhile. What another refused request fetched since is as good as new.
        let fresh = self.secrets.fetch(&self.reference)?;
        let differs = bearer(&fresh)? != *refused;
        *self.kept.lock().await = Some(fresh);
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
    kept: Mutex<Kept>,
}

/// Tokens of one installation.
#[derive(Default)]
struct Kept {
    /// The one in use, with its end.
    present: Option<(Secret, Instant)>,
    /// Those that were refused once. A refusal can be a mistake of the service, so they are given back as well.
    refused: Vec<Secret>,
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
        let kept = Mutex::default();
        Self { door, rest, organisation, version, issuer, private_key, installation_id, secrets, granted, kept }
    }

    async fn send(&self, credential: Arc<dyn Credential>, method: Method, path: &str) -> Result<Reply, Cause> {
        let url = Url::parse(&format!("{}{path}", self.rest))
            .map_err(|_| Cause::Bug { what: String::from("github: an address of the sign-in that is none") })?;
        let mut request = Request::get(url);
        request.method = method;
        request.headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        request.headers.insert(http::header::USER_AGENT, HeaderValue::from_static("holdover"));
        if let Ok(version) = HeaderValue::from_str(&self.version) {
            request.headers.insert("x-github-api-version", version);
        }
        self.door.with_credential(credential).send(request).await
    }

    /// Signs as the App itself.
    fn signer(&self) -> Arc<dyn Credential> {
        Arc::new(Signer {
            issuer: self.issuer.clone(),
            private_key: self.private_key.clone(),
            secrets: Arc::clone(&self.secrets),
            door: self.door.clone(),
        })
    }

    async fn installation(&self) -> Result<u64, Cause> {
        if let Some(id) = self.installation_id {
            return Ok(id);
        }
        let path = format!("/orgs/{}/installation", self.organisation);
        let reply = self.send(self.signer(), Method::GET, &path).await?;
        match reply.status.as_u16() {
            200 => reply.json::<Installation>().map(|installation| installation.id),
            404 => Err(unauthenticated("the App is not installed in this organisation")),
            _ => Err(refusal(&reply)),
        }
    }

    async fn fetch(&self) -> Result<(Secret, Instant), Cause> {
        let id = self.installation().await?;
        let path = format!("/app/installations/{id}/access_tokens");
        let reply = self.send(self.signer(), Method::POST, &path).await?;
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

    /// Gives every token back that was made and may still be taken. Each is tried, whatever becomes of the others; one
    /// that could not be given back is tried again by the next call.
    pub(crate) async fn give_back(&self) -> Result<(), Cause> {
        let mut kept = self.kept.lock().await;
        let present = kept.present.take();
        let mut tokens = std::mem::take(&mut kept.refused);
        tokens.extend(present.map(|(token, _)| token));
        let mut failed = None;
        for token in tokens {
            if let Err(cause) = self.revoke(&token).await {
                failed.get_or_insert(cause);
                kept.refused.push(token);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn revoke(&self, token: &Secret) -> Result<(), Cause> {
        let credential = Arc::new(Fixed(bearer(token)?));
        let reply = self.send(credential, Method::DELETE, "/installation/token").await?;
        match reply.status.as_u16() {
            // What is not taken any more needs no revoking.
            204 | 401 => Ok(()),
            _ => Err(reply.unexpected()),
        }
    }
}

/// One token and no other.
struct Fixed(HeaderMap);

#[async_trait]
impl Credential for Fixed {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        Ok(self.0.clone())
    }

    async fn renew(&self) -> Result<bool, Cause> {
        Ok(false)
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
        if kept.present.as_ref().is_none_or(|(_, ends)| ends_soon(ends)) {
            kept.present = Some(self.fetch().await?);
        }
        kept.present.as_ref().map_or_else(|| Err(unauthenticated("no token")), |(token, _)| bearer(token))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        let mut kept = self.kept.lock().await;
        let dropped = kept.present.take().map(|(token, _)| token);
        kept.refused.extend(dropped);
        Ok(true)
    }

    async fn renew_after(&self, refused: &HeaderMap) -> Result<bool, Cause> {
        let mut kept = self.kept.lock().await;
        // A token that was fetched since, for another request that was refused as well, stays in use.
        let Some((token, _)) = kept.present.take_if(|(token, _)| bearer(token).is_ok_and(|own| own == *refused)) else {
            return Ok(true);
        };
        kept.refused.push(token);
        Ok(true)
    }
}

impl std::fmt::Debug for AppInstallation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AppInstallation").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that was replaced once.
    struct Replaced(std::sync::Mutex<Vec<&'static str>>);

    impl Secrets for Replaced {
        fn fetch(&self, _: &SecretRef) -> Result<Secret, Cause> {
            let mut texts = self.0.lock().expect("no test panics with it");
            let text = if texts.len() > 1 { texts.remove(0) } else { texts[0] };
            Ok(Secret::from(String::from(text)))
        }
    }

    #[tokio::test]
    async fn a_token_that_was_replaced_serves_every_request_that_was_refused_with_the_old_one() {
        let secrets = Arc::new(Replaced(std::sync::Mutex::new(vec!["old", "new"])));
        let token = Token::new(SecretRef::Environment(String::from("TOKEN")), secrets);
        let request = Request::get(Url::parse("https://api.example/").expect("an address"));
        let old = token.headers(&request).await.expect("headers");
        assert_eq!(token.renew_after(&old).await, Ok(true), "the file has another one");
        assert_eq!(token.renew_after(&old).await, Ok(true), "so it has for the second request that was refused");
        let new = token.headers(&request).await.expect("headers");
        assert_ne!(new, old);
        assert_eq!(token.renew_after(&new).await, Ok(false), "there is none but the one that was refused");
    }
}

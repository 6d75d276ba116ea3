//! Signing in at GitHub as an App that is installed for one repository. The token it gets may write issues there, and
//! nothing else (docs.github.com, "Create an installation access token for an app": `repositories`, `permissions`).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Method};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use scan_contract::{Cause, Instant};
use scan_transport::{Credential, Door, Reply, Request, Secret, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::sign_in::{Hidden, Kept, bearer};

/// Time before its end at which a token is renewed.
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// Life of the signed claims; at most ten minutes are allowed.
const CLAIMS: TimeDelta = TimeDelta::minutes(9);

/// An App's installation.
#[expect(clippy::struct_field_names, reason = "GitHub's own name for it")]
pub(super) struct Installation {
    door: Door,
    rest: Url,
    owner: String,
    repository: String,
    installation_id: Option<u64>,
    claims: Arc<Claims>,
    kept: Mutex<Option<(Secret, Instant)>>,
}

/// Signs claims anew for each attempt.
pub(super) struct Claims {
    issuer: String,
    key: Kept,
    door: Door,
}

#[derive(Serialize)]
struct Said<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Token {
    token: Hidden,
    expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Found {
    id: u64,
}

impl Claims {
    /// Claims of this App. `door` carries no credential.
    pub(super) fn new(issuer: String, key: Kept, door: Door) -> Self {
        Self { issuer, key, door }
    }
}

#[async_trait]
impl Credential for Claims {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let now = self.door.now();
        let said = Said {
            iss: &self.issuer,
            // A minute ago, for clocks that differ.
            iat: (now - TimeDelta::minutes(1)).timestamp(),
            exp: (now + CLAIMS).timestamp(),
        };
        let signed = self.key.with(|pem| {
            let key = EncodingKey::from_rsa_pem(pem.as_bytes())
                .map_err(|_| refused("the private key of the App is no RSA key in PEM"))?;
            jsonwebtoken::encode(&Header::new(Algorithm::RS256), &said, &key)
                .map_err(|_| refused("the claims of the App could not be signed"))
        });
        bearer(&Secret::from(signed.await??))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        self.key.renew().await
    }
}

fn refused(detail: &str) -> Cause {
    Cause::Unauthenticated { detail: String::from(detail) }
}

impl Installation {
    /// Signs in when it is first needed.
    pub(super) fn new(
        door: Door,
        rest: Url,
        owner: String,
        repository: String,
        installation_id: Option<u64>,
        claims: Claims,
    ) -> Self {
        Self { door, rest, owner, repository, installation_id, claims: Arc::new(claims), kept: Mutex::new(None) }
    }

    async fn send(&self, method: Method, segments: &[&str], body: Option<serde_json::Value>) -> Result<Reply, Cause> {
        let url = encode::join(&self.rest, segments, &[])?;
        let request = match body {
            None => Request::get(url),
            Some(body) => Request::json(method, url, &body)
                .map_err(|_| Cause::Bug { what: String::from("github: a sign-in that is no JSON") })?,
        };
        let door = self.door.with_credential(Arc::clone(&self.claims) as Arc<dyn Credential>);
        door.send(super::github::headed(request)).await
    }

    #[expect(clippy::single_match_else, reason = "the two ways stand side by side")]
    async fn fetch(&self) -> Result<(Secret, Instant), Cause> {
        let id = match self.installation_id {
            Some(id) => id,
            None => {
                let segments = ["repos", &self.owner, &self.repository, "installation"];
                let reply = self.send(Method::GET, &segments, None).await?;
                match reply.status.as_u16() {
                    200 => reply.json::<Found>()?.id,
                    404 => return Err(refused("the App is not installed for this repository")),
                    _ => return Err(refusal(&reply)),
                }
            }
        };
        let asked =
            json!({ "repositories": [self.repository], "permissions": { "issues": "write", "metadata": "read" } });
        let id = id.to_string();
        let reply = self.send(Method::POST, &["app", "installations", &id, "access_tokens"], Some(asked)).await?;
        if reply.status.as_u16() != 201 {
            return Err(refusal(&reply));
        }
        let token: Token = reply.json()?;
        Ok((token.token.0, token.expires_at))
    }
}

fn refusal(reply: &Reply) -> Cause {
    match reply.status.as_u16() {
        401 | 403 | 404 | 422 => refused(&reply.describe()),
        _ => reply.unexpected(),
    }
}

#[async_trait]
impl Credential for Installation {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut kept = self.kept.lock().await;
        let soon = self.door.now() + MARGIN;
        let (token, _) = match kept.take() {
            Some((token, ends)) if ends > soon => kept.insert((token, ends)),
            _ => kept.insert(self.fetch().await?),
        };
        bearer(token)
    }

    async fn renew(&self) -> Result<bool, Cause> {
        *self.kept.lock().await = None;
        Ok(true)
    }
}

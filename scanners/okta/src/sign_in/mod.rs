//! Signing in: an access token of a service app, or an API token.
//!
//! Secrets are fetched when they are needed and dropped after; what is kept is a header marked as sensitive.

mod assertion;
mod jwk;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use scan_contract::{Cause, Instant};
use scan_transport::{Credential, Door, Reply, Request, SecretRef, Secrets};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::refusal;
use crate::scopes::all_rights;
use crate::settings::{Settings, SignIn};

/// A token that would end within this time is renewed first (TIM-5).
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// After a renewal, further refusals for so long are those of requests that were on their way with the old token.
const ON_THE_WAY: TimeDelta = TimeDelta::seconds(5);

/// The credential of one organisation.
pub(crate) struct OktaCredential {
    door: Door,
    secrets: Arc<dyn Secrets>,
    sign_in: SignIn,
    token_address: Url,
    kept: Mutex<State>,
    granted: std::sync::Mutex<Option<BTreeSet<String>>>,
}

#[derive(Default)]
struct State {
    token: Option<Kept>,
    renewed_at: Option<Instant>,
}

struct Kept {
    header: HeaderValue,
    /// `None`: it does not end by itself.
    ends_at: Option<Instant>,
}

impl OktaCredential {
    /// A credential that signs in through `door`, which has none itself.
    pub(crate) fn new(settings: &Settings, door: Door, secrets: Arc<dyn Secrets>) -> Result<Self, Cause> {
        let token_address = settings
            .address
            .url()
            .join("/oauth2/v1/token")
            .map_err(|_| Cause::Bug { what: String::from("the address of the token endpoint cannot be made") })?;
        Ok(Self {
            door,
            secrets,
            sign_in: settings.sign_in.clone(),
            token_address,
            kept: Mutex::default(),
            granted: std::sync::Mutex::new(None),
        })
    }

    /// The scopes Okta gave the present token. `None`: not signed in yet, or an API token, which has no scopes.
    pub(crate) fn granted(&self) -> Option<BTreeSet<String>> {
        self.granted.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Signs in if there is no token, and says whether that worked.
    pub(crate) async fn ensure(&self) -> Result<(), Cause> {
        self.header().await.map(drop)
    }

    async fn header(&self) -> Result<HeaderValue, Cause> {
        let mut kept = self.kept.lock().await;
        let now = self.door.now();
        if let Some(token) = kept.token.as_ref()
            && token.ends_at.is_none_or(|ends_at| now + MARGIN < ends_at)
        {
            return Ok(token.header.clone());
        }
        let token = match &self.sign_in {
            SignIn::ApiToken { token } => self.api_token(token)?,
            SignIn::ServiceApp { client_id, key_id, key } => {
                self.access_token(client_id, key_id.as_deref(), key).await?
            }
        };
        let header = token.header.clone();
        kept.token = Some(token);
        Ok(header)
    }

    fn api_token(&self, reference: &SecretRef) -> Result<Kept, Cause> {
        let token = self.secrets.fetch(reference)?;
        let header = authorization("SSWS", token.expose_secret().trim())?;
        Ok(Kept { header, ends_at: None })
    }

    async fn access_token(&self, client_id: &str, key_id: Option<&str>, key: &SecretRef) -> Result<Kept, Cause> {
        let now = self.door.now();
        let assertion = {
            let key = self.secrets.fetch(key)?;
            assertion::sign(client_id, key_id, self.token_address.as_str(), now, &key)?
        };
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &all_rights().join(" "))
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", assertion.expose_secret())
            .finish();
        let request = Request {
            method: Method::POST,
            url: self.token_address.clone(),
            headers: HeaderMap::new(),
            body: Bytes::from(form),
        }
        .with(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
        .with(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        let reply = self.door.send(request).await?;
        if reply.status != StatusCode::OK {
            return Err(refused(&reply));
        }
        let token: TokenReply = reply.json()?;
        let header = authorization("Bearer", &token.access_token)?;
        let scopes = token.scope.as_deref().map(|scope| scope.split_ascii_whitespace().map(String::from).collect());
        *self.granted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = scopes;
        // An hour is what Okta gives; a reply that does not say is trusted for five minutes.
        let seconds = i64::from(token.expires_in.unwrap_or(300));
        Ok(Kept { header, ends_at: Some(now + TimeDelta::seconds(seconds)) })
    }
}

#[async_trait]
impl Credential for OktaCredential {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.header().await?);
        Ok(headers)
    }

    async fn renew(&self) -> Result<bool, Cause> {
        let mut kept = self.kept.lock().await;
        let now = self.door.now();
        if kept.renewed_at.is_some_and(|at| now - at < ON_THE_WAY) {
            // An access token is another one by now. An API token was read again, and is what it was.
            return Ok(matches!(self.sign_in, SignIn::ServiceApp { .. }));
        }
        kept.token = None;
        kept.renewed_at = Some(now);
        Ok(true)
    }
}

/// A token reply. The token goes into a header marked as sensitive and nowhere else.
#[derive(Deserialize)]
struct TokenReply {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u32>,
    #[serde(default)]
    scope: Option<String>,
}

impl Drop for TokenReply {
    fn drop(&mut self) {
        // Best effort: the bytes are overwritten before they are given back.
        let length = self.access_token.len();
        self.access_token.clear();
        self.access_token.extend(std::iter::repeat_n('0', length));
    }
}

fn authorization(scheme: &str, token: &str) -> Result<HeaderValue, Cause> {
    let usable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let header = usable.then(|| HeaderValue::from_str(&format!("{scheme} {token}")));
    match header {
        Some(Ok(mut header)) => {
            header.set_sensitive(true);
            Ok(header)
        }
        Some(Err(_)) | None => {
            Err(Cause::Unauthenticated { detail: String::from("the token holds characters that no token has") })
        }
    }
}

/// Why the token endpoint refused, by its code.
fn refused(reply: &Reply) -> Cause {
    let code = refusal::code(reply);
    match code.as_deref() {
        // Okta gives the scopes that were granted and leaves the others out; this one says that none was.
        Some("consent_required" | "invalid_scope") => Cause::Denied {
            permission: format!("{} (none of them is granted to the service app)", all_rights().join(", ")),
        },
        Some("invalid_dpop_proof" | "use_dpop_nonce") => Cause::Unauthenticated {
            detail: String::from("the service app demands proof of possession (DPoP); switch that off for this app"),
        },
        Some(code) if matches!(reply.status.as_u16(), 400 | 401 | 403) => {
            Cause::Unauthenticated { detail: format!("sign-in of the service app: {} ({code})", reply.status.as_u16()) }
        }
        _ => reply.unexpected(),
    }
}

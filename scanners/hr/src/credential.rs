//! Who signs requests, and with what.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use scan_contract::{Cause, Instant};
use scan_transport::credential::Anonymous;
use scan_transport::{Credential, Door, Request, Secret, SecretRef, Secrets};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::source::{Client, ClientProof};
use crate::walk::{Hints, Ways, refusal};

/// How a fixed secret stands in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Basic, the secret as user: interfaces that want a key there take any password.
    KeyAsUser,
    /// Basic, the secret as password of this user.
    PasswordOf(String),
    /// `Authorization`, with this word before the secret.
    After(&'static str),
    /// A header of its own.
    Header(HeaderName),
}

/// A secret that does not change by itself. It is fetched anew when the service refuses it: the file may be another.
pub(crate) struct Fixed {
    secrets: Arc<dyn Secrets>,
    reference: SecretRef,
    form: Form,
    present: Mutex<Option<Secret>>,
}

impl Fixed {
    pub(crate) fn new(ways: &Ways, reference: &SecretRef, form: Form) -> Arc<Self> {
        Arc::new(Self {
            secrets: Arc::clone(&ways.secrets),
            reference: reference.clone(),
            form,
            present: Mutex::new(None),
        })
    }

    fn header(&self, secret: &Secret) -> Result<HeaderMap, Cause> {
        let secret = secret.expose_secret();
        let basic = |user: &str, password: &str| {
            format!("Basic {}", data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes()))
        };
        let (name, text) = match &self.form {
            Form::KeyAsUser => (AUTHORIZATION, basic(secret, "x")),
            Form::PasswordOf(user) => (AUTHORIZATION, basic(user, secret)),
            Form::After(word) => (AUTHORIZATION, format!("{word} {secret}")),
            Form::Header(name) => (name.clone(), String::from(secret)),
        };
        sensitive(name, &text)
    }
}

fn sensitive(name: HeaderName, text: &str) -> Result<HeaderMap, Cause> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Cause::Unauthenticated {
        detail: String::from("the secret holds characters that no header may hold"),
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

#[async_trait]
impl Credential for Fixed {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut present = self.present.lock().await;
        if present.is_none() {
            *present = Some(self.secrets.fetch(&self.reference)?);
        }
        present.as_ref().map_or_else(|| Ok(HeaderMap::new()), |secret| self.header(secret))
    }

    async fn renew(&self) -> Result<bool, Cause> {
        let mut present = self.present.lock().await;
        let fresh = self.secrets.fetch(&self.reference)?;
        let changed = present.as_ref().is_none_or(|old| old.expose_secret() != fresh.expose_secret());
        *present = Some(fresh);
        Ok(changed)
    }
}

/// How long before its end a token is renewed (TIM-5).
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// Life of a token whose answer names none.
const LIFE: Duration = Duration::from_mins(10);

/// What the service answers to a client that proves who it is. No field for anything else.
#[derive(Deserialize)]
struct Granted {
    #[serde(deserialize_with = "kept_secret")]
    access_token: Secret,
    expires_in: Option<u64>,
}

fn kept_secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::from)
}

/// Tokens that are made by proving who we are (OAuth 2.0 client credentials).
pub(crate) struct Minted {
    door: Door,
    secrets: Arc<dyn Secrets>,
    endpoint: Url,
    client: Client,
    scope: Option<String>,
    hints: Hints,
    present: Mutex<Option<(Secret, Instant)>>,
}

impl Minted {
    pub(crate) fn new(ways: &Ways, endpoint: Url, client: &Client, scope: Option<String>, hints: Hints) -> Arc<Self> {
        Arc::new(Self {
            door: ways.door.with_credential(Arc::new(Anonymous)),
            secrets: Arc::clone(&ways.secrets),
            endpoint,
            client: client.clone(),
            scope,
            hints,
            present: Mutex::new(None),
        })
    }

    fn request(&self) -> Result<Request, Cause> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials").append_pair("client_id", &self.client.id);
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        match &self.client.proof {
            ClientProof::Secret(reference) => {
                form.append_pair("client_secret", self.secrets.fetch(reference)?.expose_secret());
            }
            ClientProof::Assertion(reference) => {
                form.append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                form.append_pair("client_assertion", self.secrets.fetch(reference)?.expose_secret());
            }
        }
        let request = Request {
            method: Method::POST,
            url: self.endpoint.clone(),
            headers: HeaderMap::new(),
            body: Bytes::from(form.finish()),
        };
        Ok(request
            .with(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .with(http::header::ACCEPT, HeaderValue::from_static("application/json")))
    }

    async fn mint(&self) -> Result<(Secret, Instant), Cause> {
        let reply = self.door.send(self.request()?).await?;
        if !reply.status.is_success() {
            return Err(match reply.status.as_u16() {
                // The usual answers to a wrong secret are 400 and 401.
                400 | 401 => Cause::Unauthenticated { detail: format!("no token was given: {}", reply.describe()) },
                _ => refusal(&reply, self.hints),
            });
        }
        let granted: Granted = reply.json()?;
        let life = granted.expires_in.map_or(LIFE, Duration::from_secs);
        let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::days(1));
        let until = self.door.now().checked_add_signed(life).unwrap_or(Instant::MAX_UTC);
        Ok((granted.access_token, until))
    }
}

#[async_trait]
impl Credential for Minted {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut present = self.present.lock().await;
        let usable = present.as_ref().is_some_and(|(_, until)| self.door.now() + MARGIN < *until);
        if !usable {
            *present = Some(self.mint().await?);
        }
        match present.as_ref() {
            Some((token, _)) => sensitive(AUTHORIZATION, &format!("Bearer {}", token.expose_secret())),
            None => Err(Cause::Bug { what: String::from("a token that was just made is gone") }),
        }
    }

    async fn renew(&self) -> Result<bool, Cause> {
        *self.present.lock().await = None;
        Ok(true)
    }
}

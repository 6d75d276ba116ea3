//! How we sign in at a tracker. The one place of this room that looks at a secret.

use std::sync::Arc;

use async_trait::async_trait;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use scan_contract::Cause;
use scan_transport::{Credential, Request, Secret, SecretRef, Secrets};
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::settings::SignIn;

/// A secret that is fetched when it is first needed, and again when the tracker refuses it.
#[expect(clippy::struct_field_names, reason = "the secret as it is kept")]
pub(super) struct Kept {
    reference: SecretRef,
    secrets: Arc<dyn Secrets>,
    kept: Mutex<Option<Secret>>,
}

impl Kept {
    /// A secret that has not been fetched yet.
    pub(super) fn new(reference: SecretRef, secrets: Arc<dyn Secrets>) -> Self {
        Self { reference, secrets, kept: Mutex::new(None) }
    }

    /// Does something with its text, which must not leave it.
    pub(super) async fn with<T>(&self, mut take: impl FnMut(&str) -> T) -> Result<T, Cause> {
        let mut kept = self.kept.lock().await;
        let secret = match kept.as_ref() {
            Some(secret) => secret,
            None => kept.insert(self.secrets.fetch(&self.reference)?),
        };
        Ok(take(secret.expose_secret()))
    }

    /// Fetches it again. Whether it is another one now.
    pub(super) async fn renew(&self) -> Result<bool, Cause> {
        let fresh = self.secrets.fetch(&self.reference)?;
        let mut kept = self.kept.lock().await;
        let differs = kept.as_ref().is_none_or(|old| old.expose_secret() != fresh.expose_secret());
        *kept = Some(fresh);
        Ok(differs)
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Kept").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// The form in which a secret goes into a header.
#[derive(Debug, Clone)]
enum Form {
    /// `Authorization: Basic`, with this user.
    Basic(String),
    /// This header, with these words before the secret.
    Header(HeaderName, &'static str),
}

/// A secret in a header.
#[derive(Debug)]
pub(super) struct InHeader {
    kept: Kept,
    form: Form,
}

impl InHeader {
    /// `Authorization: Bearer`.
    pub(super) fn bearer(reference: SecretRef, secrets: Arc<dyn Secrets>) -> Self {
        Self::header(http::header::AUTHORIZATION, "Bearer ", reference, secrets)
    }

    /// Any header.
    pub(super) fn header(
        name: HeaderName,
        before: &'static str,
        reference: SecretRef,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        Self { kept: Kept::new(reference, secrets), form: Form::Header(name, before) }
    }

    /// What a configuration says, where a token goes into the header `token` with these words before it.
    pub(super) fn of(sign_in: &SignIn, token: (HeaderName, &'static str), secrets: Arc<dyn Secrets>) -> Self {
        match sign_in {
            SignIn::Basic { user, secret } => {
                Self { kept: Kept::new(secret.clone(), secrets), form: Form::Basic(user.clone()) }
            }
            SignIn::Token(secret) => Self::header(token.0, token.1, secret.clone(), secrets),
        }
    }
}

#[async_trait]
impl Credential for InHeader {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let form = &self.form;
        self.kept
            .with(|secret| match form {
                Form::Basic(user) => {
                    let pair = BASE64.encode(format!("{user}:{secret}").as_bytes());
                    header(http::header::AUTHORIZATION, &format!("Basic {pair}"))
                }
                Form::Header(name, before) => header(name.clone(), &format!("{before}{secret}")),
            })
            .await?
    }

    async fn renew(&self) -> Result<bool, Cause> {
        self.kept.renew().await
    }
}

/// One header that is never shown.
pub(super) fn header(name: HeaderName, value: &str) -> Result<HeaderMap, Cause> {
    let detail = || String::from("the secret holds a character that no header can carry");
    let mut value = HeaderValue::from_str(value).map_err(|_| Cause::Unauthenticated { detail: detail() })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// Hides what is held here from `Debug`.
pub(super) struct Hidden(pub(super) Secret);

impl<'de> serde::Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::from(text)))
    }
}

/// `Authorization: Bearer` with a secret in hand.
pub(super) fn bearer(secret: &Secret) -> Result<HeaderMap, Cause> {
    header(http::header::AUTHORIZATION, &format!("Bearer {}", secret.expose_secret()))
}

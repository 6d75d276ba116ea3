//! Signing in, keeping a token alive, and giving it back.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use scan_contract::{Cause, Instant};
use scan_transport::{Credential, Door, Request, Secret, SecretRef, Secrets};
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::Mutex;
use url::Url;

use crate::client::{bare_post, in_namespace};
use crate::mount::Namespace;
use crate::settings::{Settings, SignIn};
use crate::target::Target;

/// A token that would end sooner is replaced before it is used (TIM-5).
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// For so long a token that was seen alive counts as alive: where many questions are refused, few more are asked.
const ALIVE: TimeDelta = TimeDelta::seconds(1);

/// A token, and what is known of it.
struct Held {
    token: Secret,
    /// We signed in for it: it is ours to give back.
    ours: bool,
    ends: Option<Instant>,
    seen_alive: Option<Instant>,
}

/// What the server knows of its tokens may be asked with the token alone; when even that is refused, nothing tells an
/// expired token from one without rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CanLookAtItself {
    NotKnown,
    No,
}

struct State {
    held: Option<Held>,
    itself: CanLookAtItself,
    /// Counts tokens: a refusal that an earlier token got says nothing of the present one.
    generation: u64,
}

/// Puts the token on requests.
pub(crate) struct TokenCredential {
    sign_in: SignIn,
    namespace: Namespace,
    base: Url,
    secrets: Arc<dyn Secrets>,
    /// Without a credential: sign-in asks through it.
    door: Door,
    state: Mutex<State>,
}

/// What is sent to sign in. Written by hand for each method, never shown.
#[derive(Serialize)]
struct LoginBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
}

struct TokenText(Secret);

impl<'de> Deserialize<'de> for TokenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::from(text)))
    }
}

#[derive(Deserialize)]
struct LoginReply {
    auth: Option<LoginAuth>,
}

#[derive(Deserialize)]
struct LoginAuth {
    client_token: Option<TokenText>,
    #[serde(default)]
    lease_duration: i64,
    #[serde(default)]
    token_type: Option<String>,
}

impl TokenCredential {
    pub(crate) fn new(settings: &Settings, door: Door, secrets: Arc<dyn Secrets>) -> Self {
        Self {
            sign_in: settings.sign_in.clone(),
            namespace: Namespace::of(&settings.sign_in_namespace),
            base: settings.address.clone(),
            secrets,
            door,
            state: Mutex::new(State { held: None, itself: CanLookAtItself::NotKnown, generation: 0 }),
        }
    }

    async fn sign_in(&self) -> Result<Held, Cause> {
        let (mount, reference) = match &self.sign_in {
            SignIn::Token(reference) => {
                let token = self.secrets.fetch(reference)?;
                return Ok(Held { token, ours: false, ends: None, seen_alive: None });
            }
            SignIn::AppRole { mount, secret_id, .. } => (mount, secret_id),
            SignIn::Kubernetes { mount, jwt, .. } | SignIn::Jwt { mount, jwt, .. } => (mount, jwt),
        };
        let secret = self.fetch(reference)?;
        let secret = secret.expose_secret();
        let body = match &self.sign_in {
            SignIn::AppRole { role_id, .. } => {
                LoginBody { role_id: Some(role_id), secret_id: Some(secret), role: None, jwt: None }
            }
            SignIn::Kubernetes { role, .. } => {
                LoginBody { role_id: None, secret_id: None, role: Some(role), jwt: Some(secret) }
            }
            SignIn::Jwt { role, .. } => LoginBody {
                role_id: None,
                secret_id: None,
                role: Some(role.as_str()).filter(|role| !role.is_empty()),
                jwt: Some(secret),
            },
            SignIn::Token(_) => return Err(Cause::Bug { what: String::from("a token needs no sign-in") }),
        };
        let target = Target::of("auth").below(mount).then("login");
        let url = address(&self.base, &target)?;
        let request = Request::json(Method::POST, url, &body)
            .map_err(|_| Cause::Bug { what: String::from("a sign-in that cannot be written as JSON") })?;
        let reply = self.door.send(in_namespace(request, &self.namespace)?).await?;
        let refused = |detail: String| Cause::Unauthenticated { detail };
        match reply.status {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => {
                return Err(refused(format!("{}: {}", target.shown(), reply.status.as_u16())));
            }
            _ => return Err(reply.unexpected()),
        }
        let auth = reply.json::<LoginReply>()?.auth;
        let auth = auth.ok_or_else(|| refused(format!("{}: it gave no token", target.shown())))?;
        let TokenText(token) =
            auth.client_token.ok_or_else(|| refused(format!("{}: it wants a second factor", target.shown())))?;
        let now = self.door.now();
        let ends = end_of(now, auth.lease_duration);
        // A batch token cannot be given back: it ends by itself.
        let ours = auth.token_type.as_deref() != Some("batch");
        Ok(Held { token, ours, ends, seen_alive: None })
    }

    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        self.secrets.fetch(reference)
    }

    /// Which token is in use.
    pub(crate) async fn generation(&self) -> u64 {
        self.state.lock().await.generation
    }

    /// After a refusal of a request sent with token `used`: asks whether that is still good, and signs in again if it is
    /// not. `true`: there is another token, and the request may be repeated once.
    pub(crate) async fn replace_if_dead(&self, used: u64, door: &Door, base: &Url) -> Result<bool, Cause> {
        let now = self.door.now();
        {
            let state = self.state.lock().await;
            if state.generation != used {
                return Ok(true);
            }
            let alive = state.held.as_ref().is_some_and(|held| held.seen_alive.is_some_and(|seen| now - seen < ALIVE));
            if alive || state.itself == CanLookAtItself::No {
                return Ok(false);
            }
        }
        let url = address(base, &Target::of("auth/token/lookup-self"))?;
        let answer = door.send(in_namespace(Request::get(url.clone()), &self.namespace)?).await?;
        if answer.status != StatusCode::FORBIDDEN {
            if let Some(held) = &mut self.state.lock().await.held {
                held.seen_alive = Some(now);
            }
            return Ok(false);
        }
        if !self.renew().await? {
            return Ok(false);
        }
        let again = door.send(in_namespace(Request::get(url), &self.namespace)?).await?;
        let mut state = self.state.lock().await;
        if again.status == StatusCode::FORBIDDEN {
            state.itself = CanLookAtItself::No;
        } else if let Some(held) = &mut state.held {
            held.seen_alive = Some(self.door.now());
        }
        Ok(true)
    }

    /// Gives the token back, if it is ours. Nothing is asked where nobody signed in.
    pub(crate) async fn give_back(&self, door: &Door) -> Result<(), Cause> {
        let ours = self.state.lock().await.held.as_ref().is_some_and(|held| held.ours);
        if !ours {
            return Ok(());
        }
        let url = address(&self.base, &Target::of("auth/token/revoke-self"))?;
        let reply = door.send(in_namespace(bare_post(url), &self.namespace)?).await?;
        self.state.lock().await.held = None;
        match reply.status {
            StatusCode::NO_CONTENT | StatusCode::OK => Ok(()),
            StatusCode::FORBIDDEN => Err(Target::of("auth/token/revoke-self").denied(&self.namespace, "update")),
            _ => Err(reply.unexpected()),
        }
    }
}

/// When a token ends that lives so many seconds. `None`: never, or later than any calendar goes.
fn end_of(now: Instant, seconds: i64) -> Option<Instant> {
    let life = TimeDelta::try_seconds(seconds).filter(|life| *life > TimeDelta::zero())?;
    now.checked_add_signed(life)
}

fn address(base: &Url, target: &Target) -> Result<Url, Cause> {
    let mut url = base.clone();
    let whole = format!("{}/v1/{}", url.path().trim_end_matches('/'), target.encoded()?);
    url.set_path(&whole);
    Ok(url)
}

#[async_trait]
impl Credential for TokenCredential {
    async fn headers(&self, _: &Request) -> Result<HeaderMap, Cause> {
        let mut state = self.state.lock().await;
        let now = self.door.now();
        if state.held.as_ref().is_none_or(|held| held.ends.is_some_and(|ends| ends - MARGIN <= now)) {
            state.held = Some(self.sign_in().await?);
            state.generation += 1;
        }
        let Some(held) = &state.held else {
            return Err(Cause::Bug { what: String::from("no token after signing in") });
        };
        let mut value = HeaderValue::from_str(held.token.expose_secret()).map_err(|_| Cause::Unauthenticated {
            detail: String::from("the token holds letters that no header can carry"),
        })?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-vault-token", value);
        Ok(headers)
    }

    async fn renew(&self) -> Result<bool, Cause> {
        let mut state = self.state.lock().await;
        let fresh = self.sign_in().await?;
        // A token of somebody else's that did not change is as dead as before.
        let same = state.held.as_ref().is_some_and(|held| held.token.expose_secret() == fresh.token.expose_secret());
        state.held = Some(fresh);
        state.generation += u64::from(!same);
        Ok(!same)
    }
}

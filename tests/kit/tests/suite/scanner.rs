//! A scanner for the club, right, and wrong in one thing at a time. It has no door of ours before it: only what the suite
//! looks at is in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use scan_contract::{
    Access, AccessKind, Cause, Cursor, Effort, EndProof, Gap, GrantId, Holder, Identity, Manifest, Outlet, Pass,
    ProofKind, Relation, Right, RightState, Rights, Scanner, Scope, ScopeName, Sealed, Status,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::stub::PAGE;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twin {
    Right,
    /// Takes the first page for all of them.
    ForgetsPages,
    /// Reads a refusal as an empty list.
    DeniedIsEmpty,
    /// Asks for something that is not on its list.
    AsksMore,
    /// Logs what it signed in with.
    Leaks,
    /// Takes an answer without a list for an empty list.
    TakesDefaults,
    /// Puts names into paths as they are.
    DoesNotEncode,
    /// Never looks for itself.
    DoesNotLookForItself,
    /// Reads a throttle as a refusal.
    ThrottleIsRefusal,
    /// Does not ask where it is.
    TrustsTheTenant,
    /// Holds all pages in memory.
    Hoards,
    /// Panics.
    Panics,
}

pub(crate) struct ClubScanner {
    base: String,
    secret: String,
    twin: Twin,
    page: usize,
    http: reqwest::Client,
    token: Mutex<Option<String>>,
    sent: Arc<AtomicU64>,
    manifest: Manifest,
}

#[derive(Deserialize)]
struct WhoAmI {
    club: String,
}

#[derive(Deserialize)]
struct Members {
    #[serde(rename = "members")]
    all: Vec<Member>,
    next: Option<String>,
    total: u64,
}

#[derive(Deserialize)]
struct Lenient {
    #[serde(default)]
    members: Vec<Member>,
    next: Option<String>,
    #[serde(default)]
    total: u64,
}

#[derive(Deserialize)]
struct Member {
    id: String,
    login: String,
    state: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn malformed(what: &str) -> Cause {
    Cause::Malformed { what: String::from(what) }
}

impl ClubScanner {
    pub(crate) fn new(base: &str, secret: &str, twin: Twin, page: usize) -> Self {
        let manifest = Manifest::parse(include_str!("manifest.yaml")).expect("a manifest");
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
        Self {
            base: String::from(base),
            secret: String::from(secret),
            twin,
            page: if page == 0 { PAGE } else { page },
            http,
            token: Mutex::new(None),
            sent: Arc::default(),
            manifest,
        }
    }

    async fn token(&self) -> Result<String, Cause> {
        let mut token = self.token.lock().await;
        if let Some(token) = &*token {
            return Ok(token.clone());
        }
        let body = serde_json::json!({"secret": self.secret}).to_string();
        if self.twin == Twin::Leaks {
            tracing::debug!(target: "scan_club", %body, "signing in");
        }
        let mut last = Cause::Unreachable { step: String::from("signIn"), detail: String::from("no answer") };
        for _ in 0..3 {
            self.sent.fetch_add(1, Ordering::SeqCst);
            let request = self.http.post(format!("{}/token", self.base)).header("content-type", "application/json");
            let Ok(response) = request.body(body.clone()).send().await else { continue };
            let status = response.status();
            let Ok(bytes) = response.bytes().await else { continue };
            if status.is_client_error() {
                return Err(Cause::Unauthenticated { detail: format!("signIn: {}", status.as_u16()) });
            }
            match serde_json::from_slice::<serde_json::Value>(&bytes) {
                Ok(value) if status.is_success() && value["token"].is_string() => {
                    let fresh = value["token"].as_str().map(String::from).unwrap_or_default();
                    *token = Some(fresh.clone());
                    return Ok(fresh);
                }
                _ => last = malformed("signIn: no token"),
            }
        }
        Err(last)
    }

    /// The whole body of a 200; anything else is a cause.
    async fn get<T: DeserializeOwned>(&self, path: &str, right: &str) -> Result<T, Cause> {
        let mut last = Cause::Unreachable { step: String::from(right), detail: String::from("no answer") };
        let mut renewed = false;
        for _ in 0..4 {
            let token = self.token().await?;
            self.sent.fetch_add(1, Ordering::SeqCst);
            let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(token);
            let Ok(response) = request.send().await else { continue };
            let (status, headers) = (response.status(), response.headers().clone());
            let Ok(bytes) = response.bytes().await else { continue };
            match status {
                StatusCode::UNAUTHORIZED if !renewed => {
                    renewed = true;
                    *self.token.lock().await = None;
                }
                StatusCode::UNAUTHORIZED => {
                    return Err(Cause::Unauthenticated { detail: format!("{right}: 401") });
                }
                StatusCode::TOO_MANY_REQUESTS if self.twin != Twin::ThrottleIsRefusal => {
                    last = Cause::Throttled { until: None };
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
                    return Err(Cause::Denied { permission: String::from(right) });
                }
                StatusCode::OK => {
                    let json = headers.get("content-type").is_some_and(|media| media == "application/json");
                    return if json {
                        serde_json::from_slice(&bytes).map_err(|_| malformed(right))
                    } else {
                        Err(malformed(&format!("{right}: not JSON")))
                    };
                }
                status if status.is_server_error() => last = malformed(&format!("{right}: {}", status.as_u16())),
                status => return Err(Cause::NotInSource { what: format!("{right}: {}", status.as_u16()) }),
            }
        }
        Err(last)
    }

    async fn page(&self, from: &str) -> Result<Members, Cause> {
        let path = format!("/members?from={}&size={}", encoded(from), self.page);
        if self.twin == Twin::TakesDefaults {
            let lenient: Lenient = self.get(&path, "members:read").await?;
            return Ok(Members { all: lenient.members, next: lenient.next, total: lenient.total });
        }
        match self.get(&path, "members:read").await {
            Err(Cause::Denied { .. }) if self.twin == Twin::DeniedIsEmpty => {
                Ok(Members { all: Vec::new(), next: None, total: 0 })
            }
            other => other,
        }
    }

    async fn members(&self, scope: &ScopeName, outlet: &Outlet) -> Result<(), Cause> {
        outlet.open(scope, None).await?;
        let (mut from, mut count, mut seen, mut hoard) = (String::from("0"), 0, false, Vec::new());
        let total = loop {
            let page = self.page(&from).await?;
            count += page.all.len() as u64;
            seen |= page.all.iter().any(|member| member.login == "auditor");
            let (mut records, mut follow) = (Vec::new(), Vec::new());
            for member in &page.all {
                let (access, holder) = account(scope, member);
                records.push(access);
                let kind = "keys";
                let name = ScopeName::from(format!("keys/{}", encoded(&member.id)));
                follow.push(Scope { name, kind: String::from(kind), bound_to: Some(Box::new(holder)) });
            }
            if self.twin == Twin::Hoards {
                hoard.extend(records.clone());
            }
            outlet.page(records, Cursor(from.clone())).await?;
            outlet.scopes(follow).await?;
            match page.next {
                Some(next) if next == from => return Err(malformed("members:read: the same cursor again")),
                Some(next) if self.twin != Twin::ForgetsPages => from = next,
                _ => break page.total,
            }
        };
        assert!(self.twin != Twin::Panics, "on purpose");
        if self.twin == Twin::AsksMore {
            drop(self.get::<serde_json::Value>("/members/m-1", "members:read").await);
        }
        if count < total && self.twin != Twin::ForgetsPages {
            let what = String::from("members");
            outlet.gap(Gap::scope(scope, Cause::CountDiffers { what, announced: total, found: count })).await?;
        }
        if !seen && count > 0 && self.twin != Twin::DoesNotLookForItself {
            outlet.gap(Gap::scope(scope, Cause::NotSeen { what: String::from("the scanner's own account") })).await?;
        }
        drop(hoard);
        outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await
    }

    async fn keys(&self, scope: &ScopeName, outlet: &Outlet) -> Result<(), Cause> {
        outlet.open(scope, None).await?;
        let key = scope.as_str().strip_prefix("keys/").unwrap_or_default();
        let id = percent(key);
        if id == "." || id == ".." {
            return Err(Cause::NotSupported { what: String::from("a member whose id no path can carry") });
        }
        let segment = if self.twin == Twin::DoesNotEncode { id.clone() } else { encoded(&id) };
        let keys: Keys = self.get(&format!("/members/{segment}/keys"), "keys:read").await?;
        let mut records = Vec::new();
        for key in keys.keys {
            let id = GrantId::from(key.id);
            let mut access = Access::new(scope.clone(), AccessKind::SshKey, id, Status::Enabled);
            let mut holder = Holder::new(Relation::Holder);
            holder.provider_id = Some(percent(scope.as_str().strip_prefix("keys/").unwrap_or_default()));
            access.holders.push(holder);
            records.push(access);
        }
        outlet.page(records, Cursor(String::from("end"))).await?;
        outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await
    }
}

/// The text that [`encoded`] was made from.
fn percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' && more.len() >= 2 {
            let value = std::str::from_utf8(&more[..2]).map(|hex| u8::from_str_radix(hex, 16));
            bytes.push(value.expect("our own").expect("hex"));
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).expect("our own")
}

fn account(scope: &ScopeName, member: &Member) -> (Access, Holder) {
    let status = match member.state.as_str() {
        "active" => Status::Enabled,
        "paused" => Status::Disabled,
        "left" => Status::Revoked,
        _ => Status::Unknown,
    };
    let mut holder = Holder::new(Relation::Holder);
    holder.provider_id = Some(member.id.clone());
    holder.login = Some(member.login.clone());
    let mut access = Access::new(scope.clone(), AccessKind::Account, GrantId::from(member.id.clone()), status);
    access.holders.push(holder.clone());
    (access, holder)
}

#[async_trait]
impl Scanner for ClubScanner {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let found = self.get::<WhoAmI>("/whoami", "club:read").await?.club;
        let declared = if self.twin == Twin::TrustsTheTenant { found.clone() } else { String::from("acme") };
        Ok(Identity { declared, found })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        Ok(vec![Pass::new("members", vec![Scope::new("members", "members")])])
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        for scope in &pass.scopes {
            let ended = if scope.kind == "keys" {
                self.keys(&scope.name, &outlet).await
            } else {
                self.members(&scope.name, &outlet).await
            };
            match ended {
                Ok(()) => {}
                Err(Cause::Stopped) => return Err(Cause::Stopped),
                Err(cause) => outlet.gap(Gap::scope(&scope.name, cause)).await?,
            }
        }
        Ok(outlet.finish())
    }

    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        let serves = vec![String::from("members")];
        let state = match self.get::<Members>("/members?from=0&size=1", "members:read").await {
            Ok(_) => RightState::Have,
            Err(Cause::Denied { .. }) => RightState::Missing { says: String::from("403") },
            Err(cause) => RightState::CannotTell(cause),
        };
        let needed = vec![Right { name: String::from("members:read"), serves, state }];
        Ok(Some(Rights { credential: String::from("club token"), needed, ..Rights::default() }))
    }

    fn effort(&self) -> Option<Effort> {
        Some(Effort { requests: self.sent.load(Ordering::SeqCst), ..Effort::default() })
    }
}

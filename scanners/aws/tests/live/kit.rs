//! A scanner at an address, and everything it hands over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use scan_aws::AccountId;
use scan_aws::live::{ALLOW, AwsLive, Settings, SignIn, Ways};
use scan_contract::{Access, AccessKind, AsOf, Cause, EndProof, Gap, Item, Pass, Scanner, Scope, SystemId, channel};
use scan_transport::{Connection, Door, PaceSettings, Secret, SecretRef, Secrets};
use url::Url;

/// One secret for everybody who asks.
pub(crate) struct OneSecret(pub(crate) String);

impl Secrets for OneSecret {
    fn fetch(&self, _: &SecretRef) -> Result<Secret, Cause> {
        Ok(Secret::from(self.0.clone()))
    }
}

/// Key id and secret.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Key {
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        Self { id: id.to_owned(), secret: secret.to_owned() }
    }
}

/// Settings for one account at an address, with a pace that does not slow tests down.
pub(crate) fn settings(account: &str, endpoint: &str, key: &Key) -> Settings {
    let account = AccountId::parse(account).expect("twelve digits");
    let mut settings = Settings::new(SystemId::from("aws-test"), account);
    settings.endpoint = Some(Url::parse(endpoint).expect("an address"));
    settings.sign_in = SignIn::Key {
        access_key_id: key.id.clone(),
        secret_access_key: SecretRef::Environment(String::from("NOT_READ")),
        session_token: None,
    };
    settings.connection = Connection {
        internal: true,
        plain_to_loopback: true,
        pace: Some(PaceSettings {
            per_second: 2_000.0,
            burst: 500,
            in_flight: 16,
            attempts: 2,
            ..Settings::default_pace()
        }),
        ..Connection::default()
    };
    settings
}

/// A scanner over the network.
pub(crate) fn scanner(settings: Settings, secret: &str) -> AwsLive {
    let door = Door::open(settings.door().expect("a door"), &ALLOW, Arc::new(chrono::Utc::now)).expect("a door");
    scanner_at(settings, door, secret)
}

pub(crate) fn scanner_at(settings: Settings, door: Door, secret: &str) -> AwsLive {
    AwsLive::new(settings, Ways { door, secrets: Arc::new(OneSecret(secret.to_owned())) }).expect("a scanner")
}

/// Everything the scanner handed over.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) declared: BTreeSet<String>,
    pub(crate) offered: BTreeMap<String, Scope>,
    pub(crate) records: Vec<Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) notices: Vec<String>,
    pub(crate) opened: BTreeMap<String, Option<AsOf>>,
    pub(crate) sealed: BTreeMap<String, EndProof>,
    pub(crate) ended: Option<Result<(), Cause>>,
}

impl Seen {
    /// Reads one pass into what was seen so far.
    pub(crate) async fn pass(&mut self, scanner: &AwsLive, pass: &Pass) {
        self.declared.extend(pass.scopes.iter().map(|scope| scope.name.to_string()));
        let (outlet, mut inlet) = channel(2);
        let drain = async {
            while let Some(item) = inlet.recv().await {
                self.take(item);
            }
        };
        let (ended, ()) = tokio::join!(scanner.read(pass, outlet), drain);
        self.ended = Some(ended.map(drop));
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Open { scope, as_of } => {
                self.opened.insert(scope.to_string(), as_of);
            }
            Item::Sheet { sheet, .. } => {
                for index in 0..sheet.len() {
                    let access = sheet.decode(index).expect("a record");
                    assert!(self.opened.contains_key(access.scope.as_str()), "{} was not opened", access.scope);
                    assert!(
                        !self.sealed.contains_key(access.scope.as_str()),
                        "{} goes on after its seal",
                        access.scope
                    );
                    self.records.push(access);
                }
            }
            Item::Gap(gap) => {
                let sealed = gap.scope.as_ref().is_some_and(|scope| self.sealed.contains_key(scope.as_str()));
                assert!(!sealed, "a gap after the seal: {gap:?}");
                self.gaps.push(gap);
            }
            Item::Notice(text) => self.notices.push(text),
            Item::Seal { scope, proof } => {
                self.sealed.insert(scope.to_string(), proof);
            }
            Item::Scopes(found) => {
                for scope in found {
                    if scope.bound_to.is_some() {
                        self.offered.insert(scope.name.to_string(), scope);
                    } else {
                        self.declared.insert(scope.name.to_string());
                    }
                }
            }
        }
    }

    /// Gaps of the scopes of a kind, such as `iam.users`.
    pub(crate) fn gaps_of(&self, kind: &str) -> Vec<&Gap> {
        self.gaps.iter().filter(|gap| gap.scope.as_ref().is_some_and(|scope| kind_of(scope.as_str()) == kind)).collect()
    }

    /// Kinds that have a gap.
    pub(crate) fn kinds_with_gaps(&self) -> BTreeSet<String> {
        self.gaps.iter().filter_map(|gap| gap.scope.as_ref()).map(|scope| kind_of(scope.as_str()).to_owned()).collect()
    }

    pub(crate) fn find(&self, grant_id: &str) -> Option<&Access> {
        self.records.iter().find(|access| access.grant_id.as_str() == grant_id)
    }

    pub(crate) fn get(&self, grant_id: &str) -> &Access {
        self.find(grant_id).unwrap_or_else(|| {
            let ids: Vec<&str> = self.records.iter().map(|access| access.grant_id.as_str()).collect();
            panic!("no {grant_id} among {ids:#?}; gaps {:#?}", self.gaps)
        })
    }

    pub(crate) fn of_kind(&self, kind: AccessKind) -> Vec<&Access> {
        self.records.iter().filter(|access| access.kind == kind).collect()
    }

    pub(crate) fn is_sealed(&self, scope: &str) -> bool {
        self.sealed.contains_key(scope)
    }

    /// Each scope that was declared or asked for ends sealed or with a gap.
    pub(crate) fn each_scope_ends(&self) {
        for scope in &self.declared {
            let gap = self.gaps.iter().any(|gap| gap.scope.as_ref().is_some_and(|name| name.as_str() == scope));
            assert!(gap || self.sealed.contains_key(scope), "{scope} ended in silence");
        }
    }

    /// No grant stands twice, unless one says that it was the other.
    pub(crate) fn no_grant_twice(&self) {
        let mut seen: BTreeMap<(AccessKind, &str), &Access> = BTreeMap::new();
        for access in &self.records {
            if let Some(other) = seen.insert((access.kind, access.grant_id.as_str()), access) {
                panic!("{} stands in {} and {}", access.grant_id, access.scope, other.scope);
            }
        }
        let mut former: BTreeSet<&str> = BTreeSet::new();
        for id in self.records.iter().filter_map(|access| access.formerly.as_ref()) {
            assert!(former.insert(id.as_str()), "two grants were {id}");
        }
    }
}

/// The kind in a scope's name.
pub(crate) fn kind_of(scope: &str) -> &str {
    scope.split('/').nth(1).unwrap_or(scope)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Reads everything declared, then the follow-ups that `matters` picks.
pub(crate) async fn read(scanner: &AwsLive, matters: impl Fn(&Scope) -> bool) -> Seen {
    let mut seen = Seen::default();
    for pass in scanner.declare().await.expect("scopes") {
        seen.pass(scanner, &pass).await;
    }
    if matches!(seen.ended, Some(Ok(()))) {
        let chosen: Vec<Scope> = seen.offered.values().filter(|scope| matters(scope)).cloned().collect();
        for chunk in chosen.chunks(200) {
            seen.pass(scanner, &Pass::new("follow-ups", chunk.to_vec())).await;
        }
    }
    seen
}

/// Whether a follow-up is about one of these logins.
pub(crate) fn about(logins: &'static [&'static str]) -> impl Fn(&Scope) -> bool {
    move |scope| {
        scope.bound_to.as_ref().and_then(|holder| holder.login.as_deref()).is_some_and(|login| logins.contains(&login))
    }
}

/// The address of a third-party server, from the variable that `tests/servers` sets. `None` skips the test, unless the
/// servers are required.
pub(crate) fn server(variable: &str) -> Option<String> {
    if let Ok(address) = std::env::var(variable) {
        return Some(address.trim_end_matches('/').to_owned());
    }
    let required = std::env::var("HOLDOVER_SERVERS").is_ok_and(|word| word == "required");
    assert!(!required, "{variable} is not set, and the servers are required");
    eprintln!("skipped: {variable} is not set");
    None
}

/// The truth that moto was filled from.
pub(crate) fn seed() -> serde_json::Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers.d/moto-seed.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the seed")).expect("JSON")
}

/// A report of the emulator is always of 2015.
pub(crate) const ANY_AGE: Duration = Duration::from_hours(24 * 365 * 50);

/// Whether a cause is a refusal that names exactly this action.
pub(crate) fn denies(cause: &Cause, action: &str) -> bool {
    matches!(cause, Cause::Denied { permission } if permission == action)
}

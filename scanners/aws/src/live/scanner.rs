//! The live scanner: what it declares, and who reads what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scan_contract::{Cause, Effort, Identity, Manifest, Outlet, Pass, Rights, Scanner, Scope, Sealed};
use scan_transport::{Door, Secrets};
use tokio::sync::OnceCell;

use crate::live::bulk::sweep::sweep;
use crate::live::center::Center;
use crate::live::clients::Account;
use crate::live::events::Trail;
use crate::live::index::Index;
use crate::live::scopes::{ACCOUNTS, CENTER_USERS, KEY_PAIRS, Named, SWEEP, keyed, scope};
use crate::live::settings::{Assume, Settings};
use crate::live::sign_in::Signer;
use crate::live::{crowd, organisation, pairs, policy_text, rights};
use crate::settings::AccountId;

/// How the scanner reaches the world.
pub struct Ways {
    /// The way out.
    pub door: Door,
    /// Where secrets are kept.
    pub secrets: Arc<dyn Secrets>,
}

/// Reads one account, or all accounts of an organisation, from AWS itself.
pub struct AwsLive {
    pub(crate) core: Arc<Core>,
    manifest: Manifest,
}

/// What every walk shares.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) door: Arc<Door>,
    /// The configured account.
    pub(crate) base: Arc<Account>,
    caller: OnceCell<Caller>,
    accounts: Mutex<HashMap<AccountId, Arc<Account>>>,
    indexes: Mutex<HashMap<AccountId, Arc<Index>>>,
    pub(crate) center: Center,
    pub(crate) trail: Trail,
}

/// Who the credential says we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
}

/// The connector's description, from `manifest-live.yaml`.
pub fn manifest() -> Result<Manifest, String> {
    Manifest::parse(include_str!("../../manifest-live.yaml"))
}

impl AwsLive {
    /// A scanner for one account or organisation.
    ///
    /// # Errors
    /// A sign-in that cannot be made from what is configured; a defect of this crate.
    pub fn new(settings: Settings, ways: Ways) -> Result<Self, Cause> {
        let manifest =
            manifest().map_err(|error| Cause::Bug { what: format!("manifest of the live aws scanner: {error}") })?;
        let (settings, door) = (Arc::new(settings), Arc::new(ways.door));
        let signer = Signer::configured(&settings, &door, &ways.secrets)?;
        let base = Arc::new(Account::new(settings.account.clone(), &settings, &door, &signer));
        let core = Core {
            center: Center::new(&base, &settings),
            trail: Trail::default(),
            settings,
            door,
            base,
            caller: OnceCell::new(),
            accounts: Mutex::new(HashMap::new()),
            indexes: Mutex::new(HashMap::new()),
        };
        Ok(Self { core: Arc::new(core), manifest })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    /// Asks once who we are.
    pub(crate) async fn caller(&self) -> Result<&Caller, Cause> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        self.caller
            .get_or_try_init(|| async {
                let (asker, sts) = self.base.sts();
                let answer =
                    asker.ask(OPERATION, || sts.get_caller_identity().send()).await.map_err(|failure| failure.cause)?;
                match (answer.account, answer.arn) {
                    (Some(account), Some(arn)) => Ok(Caller { account, arn }),
                    _ => Err(Cause::Malformed { what: format!("{OPERATION}: no account or ARN in the answer") }),
                }
            })
            .await
    }

    /// The clients of an account. Another one than the configured is reached through the role of the organisation, and one
    /// that is left out by the configuration not at all, whoever asks.
    pub(crate) fn account(&self, id: &AccountId) -> Result<Arc<Account>, Cause> {
        if let Some(left) = self.settings.organisation.as_ref().and_then(|organisation| organisation.left_out(id)) {
            return Err(left.cause());
        }
        if *id == self.settings.account {
            return Ok(Arc::clone(&self.base));
        }
        let Some(organisation) = &self.settings.organisation else {
            return Err(Cause::WrongSystem { declared: self.settings.account.to_string(), found: id.to_string() });
        };
        let mut accounts = locked(&self.accounts);
        let account = accounts.entry(id.clone()).or_insert_with(|| {
            let assume = Assume {
                role: format!("arn:{}:iam::{id}:role/{}", self.settings.partition.as_str(), organisation.role_name),
                external_id: organisation.external_id.clone(),
                session_name: organisation.session_name.clone(),
            };
            let signer = Signer::role(&self.settings, &self.door, &self.base.signer, assume);
            Arc::new(Account::new(id.clone(), &self.settings, &self.door, &signer))
        });
        Ok(Arc::clone(account))
    }

    /// Who we are in an account: the configured one is asked, in the others it follows from the role.
    pub(crate) async fn caller_in(&self, account: &Account) -> Result<String, Cause> {
        match &self.settings.organisation {
            Some(organisation) if account.id != self.settings.account => {
                let role = organisation.role_name.rsplit('/').next().unwrap_or(&organisation.role_name);
                let (partition, session) = (self.settings.partition.as_str(), &organisation.session_name);
                Ok(format!("arn:{partition}:sts::{}:assumed-role/{role}/{session}", account.id))
            }
            _ => Ok(self.caller().await?.arn.clone()),
        }
    }

    /// Reads everything of one account that does not depend on who matters.
    pub(crate) async fn read_account(&self, account: &Arc<Account>, outlet: &Outlet) -> Result<(), Cause> {
        let caller = self.caller_in(account).await?;
        let (swept, pairs) = tokio::join!(sweep(account, &caller, outlet), pairs::read_all(account, outlet));
        locked(&self.indexes).insert(account.id.clone(), Arc::new(swept?));
        pairs
    }

    /// What is known of an account from this run: nothing where its lists could not be read.
    pub(crate) fn index(&self, id: &AccountId) -> Arc<Index> {
        locked(&self.indexes).get(id).map(Arc::clone).unwrap_or_default()
    }

    /// Scopes of one account that are always read.
    pub(crate) fn scopes_of(&self, id: &AccountId) -> Vec<Scope> {
        let sweep = SWEEP.iter().map(|kind| scope(id, kind));
        let pairs =
            self.settings.key_pair_regions.iter().map(|region| Scope::new(keyed(id, KEY_PAIRS, region), KEY_PAIRS));
        sweep.chain(pairs).collect()
    }
}

#[async_trait]
impl Scanner for AwsLive {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let caller = self.core.caller().await?;
        Ok(Identity { declared: self.core.settings.account.to_string(), found: caller.account.clone() })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        let (core, account) = (&self.core, &self.core.settings.account);
        let (title, mut scopes) = if core.settings.organisation.is_some() {
            (format!("AWS organisation of account {account}"), vec![scope(account, ACCOUNTS)])
        } else {
            (format!("AWS account {account}"), core.scopes_of(account))
        };
        if core.settings.identity_center.is_some() {
            scopes.push(scope(account, CENTER_USERS));
        }
        Ok(vec![Pass::new(title, scopes)])
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let follow_ups =
            pass.scopes.iter().any(|scope| Named::parse(&scope.name).is_some_and(|named| named.is_follow_up()));
        if follow_ups {
            return crowd::read(&self.core, pass, outlet).await;
        }
        let core = &self.core;
        let outlet = Arc::new(outlet);
        let accounts = async {
            if core.settings.organisation.is_some() {
                organisation::read(core, &outlet).await
            } else {
                core.read_account(&core.base, &outlet).await
            }
        };
        let (accounts, center) = tokio::join!(accounts, core.center.read_users(&outlet));
        accounts?;
        center?;
        finish(outlet)
    }

    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        rights::check(&self.core).await.map(Some)
    }

    fn policy(&self) -> Option<String> {
        Some(policy_text::policy(&self.core.settings))
    }

    fn effort(&self) -> Option<Effort> {
        Some(self.core.door.effort())
    }
}

/// Ends a walk whose parts have all come back.
pub(crate) fn finish(outlet: Arc<Outlet>) -> Result<Sealed, Cause> {
    Arc::try_unwrap(outlet)
        .map(Outlet::finish)
        .map_err(|_| Cause::Bug { what: String::from("a part of the walk outlived it") })
}

//! What all walks of one organisation share.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use scan_contract::{Cause, CredentialFacts, Holder, Instant, Privilege, Relation, ScopeName};
use scan_transport::Reply;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::client::{Client, cause_of};
use crate::granted::{Granted, token_end};
use crate::queries::Query;
use crate::read::audit::{Made, Maker};
use crate::settings::{Edition, Settings, SignIn};

/// The credential's rights, shared with whoever signs in.
pub(crate) type SharedGranted = Arc<Mutex<Granted>>;

/// The organisation as it describes itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OrganisationFacts {
    /// Immutable id.
    pub(crate) id: u64,
    /// Login.
    pub(crate) login: String,
    /// Plan; shown to owners, and to Apps that may see it.
    #[serde(default)]
    pub(crate) plan: Option<Plan>,
    /// What every member may do with every repository.
    #[serde(default)]
    pub(crate) default_repository_permission: Option<String>,
}

/// The plan.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Plan {
    /// Word of the platform, such as `team` or `enterprise`.
    pub(crate) name: String,
}

/// Whether the organisation's plan has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnPlan {
    /// It has.
    Yes,
    /// It has not.
    No,
    /// The platform does not say which plan it is, or in a word that is not known.
    NotTold,
}

/// What all walks share.
pub(crate) struct Hub {
    /// Settings.
    pub(crate) settings: Settings,
    /// The interface.
    pub(crate) client: Client,
    granted: SharedGranted,
    /// When the token ends, where a reply said so.
    token_end: OnceLock<Instant>,
    organisation: OnceCell<OrganisationFacts>,
    own_accounts: OnceCell<bool>,
    logins: Mutex<HashMap<Box<str>, u64>>,
    outside: Mutex<HashSet<u64>>,
    makers: Mutex<HashMap<Made, Vec<Maker>>>,
}

impl Hub {
    /// Nothing known yet.
    pub(crate) fn new(settings: Settings, client: Client, granted: SharedGranted) -> Self {
        Self {
            settings,
            client,
            granted,
            token_end: OnceLock::new(),
            organisation: OnceCell::new(),
            own_accounts: OnceCell::new(),
            logins: Mutex::default(),
            outside: Mutex::default(),
            makers: Mutex::default(),
        }
    }

    /// Login of the organisation, as configured.
    pub(crate) fn login(&self) -> &str {
        &self.settings.organisation.login
    }

    /// What is known of the credential's rights.
    pub(crate) fn granted(&self) -> Granted {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the platform said of the credential in passing. An App's token is made anew for each run: its end is
    /// nobody's concern.
    pub(crate) fn credential(&self) -> CredentialFacts {
        let configured = matches!(self.settings.sign_in, SignIn::Token(_));
        let ends_at = self.token_end.get().copied().filter(|_| configured);
        CredentialFacts { ends_at, excess: self.granted().excess_count() }
    }

    /// The organisation's own description, asked for once.
    pub(crate) async fn organisation(&self) -> Result<&OrganisationFacts, Cause> {
        self.organisation
            .get_or_try_init(|| async {
                let url = self.client.address(&["orgs", self.login()], &[])?;
                let reply = self.client.get(&url).await?;
                if let Some(end) = token_end(&reply) {
                    self.token_end.get_or_init(|| end);
                }
                if let Some(scopes) = Granted::of_reply(&reply) {
                    *self.granted.lock().unwrap_or_else(PoisonError::into_inner) = scopes;
                }
                match reply.status.as_u16() {
                    200 => reply.json(),
                    301 | 307 | 308 | 404 => Err(Cause::WrongSystem {
                        declared: format!("organisation {}", self.login()),
                        found: String::from(
                            "none of that login that this credential may see: renamed, deleted or not permitted",
                        ),
                    }),
                    _ => Err(self.explain(&reply)),
                }
            })
            .await
    }

    /// Whether accounts here are people's own. One that an identity provider manages answers "not found" to whoever may
    /// not see it (REST description, "Get a user using their ID"); organisations of such accounts have no invitations,
    /// and say so.
    pub(crate) async fn own_accounts(&self) -> Result<bool, Cause> {
        let asked = self.own_accounts.get_or_try_init(|| async {
            if self.settings.edition == Edition::Server {
                return Ok(true);
            }
            let url = self.client.address(&["orgs", self.login(), "invitations"], &[("per_page", "1")])?;
            let reply = self.client.get(&url).await?;
            match reply.status.as_u16() {
                200 => Ok(true),
                404 => Ok(false),
                _ => Err(self.explain(&reply)),
            }
        });
        asked.await.copied()
    }

    /// Whether the plan is GitHub Enterprise.
    pub(crate) fn enterprise_plan(&self) -> OnPlan {
        match self.organisation.get().and_then(|organisation| organisation.plan.as_ref()) {
            _ if self.settings.edition == Edition::Server => OnPlan::Yes,
            Some(plan) if plan.name.eq_ignore_ascii_case("enterprise") => OnPlan::Yes,
            Some(plan) if ["free", "team"].iter().any(|name| plan.name.eq_ignore_ascii_case(name)) => OnPlan::No,
            // A word of another time or contract says neither.
            Some(_) | None => OnPlan::NotTold,
        }
    }

    /// What every member may do with every repository, by the organisation's base permission.
    pub(crate) fn base_privilege(&self) -> (Privilege, Option<String>) {
        let word =
            self.organisation.get().and_then(|organisation| organisation.default_repository_permission.as_deref());
        let privilege = match word {
            Some("admin") => Privilege::Admin,
            Some("write") => Privilege::Write,
            Some("read") => Privilege::Read,
            Some("none") => Privilege::None,
            Some(_) | None => Privilege::Unknown,
        };
        (privilege, word.map(|word| format!("base permission of the organisation: {}", crate::text::clean(word, 40))))
    }

    /// The cause of an answer without an explanation of its own.
    pub(crate) fn explain(&self, reply: &Reply) -> Cause {
        cause_of(reply, &self.granted())
    }

    /// The rights of a query, as this credential has to ask for them.
    pub(crate) fn rights_of(&self, query: &Query) -> String {
        let granted = self.granted();
        if query.rights.is_empty() {
            return format!("{}, which needs no right of its own", query.name);
        }
        query.rights.iter().map(|right| granted.name(right)).collect::<Vec<_>>().join(", ")
    }

    /// Remembers whose a login is now.
    pub(crate) fn remember(&self, login: &str, id: u64) {
        self.logins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(login.to_ascii_lowercase().into_boxed_str(), id);
    }

    /// The login of an id, where a list showed it in this run.
    pub(crate) fn login_of(&self, id: u64) -> Option<String> {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.iter().find(|(_, known)| **known == id).map(|(login, _)| String::from(&**login))
    }

    /// Remembers that somebody is no member.
    pub(crate) fn remember_outside(&self, id: u64) {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Whether the list of outside collaborators showed somebody.
    pub(crate) fn is_outside(&self, id: u64) -> bool {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// The id behind a login, where a list showed it in this run.
    pub(crate) fn id_of(&self, login: &str) -> Option<u64> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(login.to_ascii_lowercase().as_str()).copied()
    }

    /// Remembers who made something; everybody who did, since the newest change is not the only one who knows a value.
    pub(crate) fn made_by(&self, made: Made, maker: Maker) {
        let mut makers = self.makers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = makers.entry(made).or_default();
        if !known.iter().any(|other| other.is(&maker)) {
            known.push(maker);
        }
    }

    /// Who made something, as far as the audit log says, under any of the names it may be known by; each once.
    pub(crate) fn makers_of(&self, made: &[Made]) -> Vec<Maker> {
        let known = self.makers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut makers: Vec<Maker> = Vec::new();
        for maker in made.iter().filter_map(|made| known.get(made)).flatten() {
            if !makers.iter().any(|other| other.is(maker)) {
                makers.push(maker.clone());
            }
        }
        makers
    }

    /// Somebody of whom only the login is told; the id is added where a list showed it.
    pub(crate) fn by_login(&self, relation: Relation, login: &str) -> Holder {
        let mut holder = Holder::new(relation);
        holder.login = Some(String::from(login));
        holder.provider_id = self.id_of(login).map(|id| id.to_string());
        holder
    }

    /// What "not found" means for a list that some plans or editions do not have: the right is held and so the list is
    /// not there, the right is missing, or nobody says which.
    pub(crate) fn absent(&self, right: &str, there: Cause) -> Cause {
        let granted = self.granted();
        absent_unless(granted.holds(right), granted.name(right), there)
    }
}

/// The same, where it is known otherwise whether the right is held, and how it is called.
pub(crate) fn absent_unless(held: Option<bool>, right: String, there: Cause) -> Cause {
    match held {
        Some(true) => there,
        Some(false) => Cause::Denied { permission: right },
        None => Cause::Denied { permission: format!("{right} (or it is not there at all: {there})") },
    }
}

/// Somebody of whom id and login are told.
pub(crate) fn somebody(relation: Relation, id: u64, login: &str) -> Holder {
    let mut holder = Holder::new(relation);
    holder.provider_id = Some(id.to_string());
    holder.login = Some(String::from(login));
    holder
}

/// One holder for each address that is vouched for, all with the id and login of `first`: the roster may know a person by
/// any of them. Without an address, `first` alone.
pub(crate) fn by_each_address<'a>(first: Holder, addresses: impl IntoIterator<Item = &'a str>) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::new();
    for address in addresses {
        let is_known =
            |holder: &Holder| holder.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(address));
        if address.is_empty() || holders.iter().any(is_known) {
            continue;
        }
        let mut holder = first.clone();
        holder.email = Some(String::from(address));
        if !holders.is_empty() {
            // Said once.
            holder.external = None;
        }
        holders.push(holder);
    }
    if holders.is_empty() { vec![first] } else { holders }
}

/// A scope by its kind alone.
pub(crate) fn scope(kind: &str) -> ScopeName {
    ScopeName::from(kind)
}

//! Identities of the identity provider: the bridge from accounts to people.

use scan_contract::{Access, AccessKind, Cause, ExternalIdentity, Fact, GrantId, Holder, Relation, ScopeName, Status};
use serde::Deserialize;
use serde_json::json;

use crate::granted::Granted;
use crate::graph::{Cursors, PageInfo, Stride, ask_page};
use crate::hub::{Hub, by_each_address, scope};
use crate::queries::IDENTITIES;
use crate::scopes;
use crate::settings::Edition;
use crate::told::{Told, Work};

/// Identities a page.
const FIRST: u32 = 100;

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    #[serde(default)]
    viewer_can_administer: Option<bool>,
    saml_identity_provider: Option<Provider>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    #[serde(default)]
    issuer: Option<String>,
    external_identities: Connection,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    total_count: u64,
    page_info: PageInfo,
    nodes: Vec<Option<Identity>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    guid: String,
    #[serde(rename = "samlIdentity")]
    saml: Option<Attributes>,
    #[serde(rename = "scimIdentity")]
    scim: Option<Attributes>,
    user: Option<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    #[serde(default)]
    name_id: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    emails: Option<Vec<Address>>,
}

#[derive(Deserialize)]
struct Address {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    database_id: Option<u64>,
    login: String,
}

/// Reads the scope.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::EXTERNAL_IDENTITIES);
    if work.hub.settings.edition == Edition::Server {
        let what = "GitHub Enterprise Server keeps identities of single sign-on for the whole appliance, not for an organization";
        return Err(Cause::NotSupported { what: String::from(what) });
    }
    let mut variables = json!({"org": work.hub.login(), "after": null});
    let mut told_of = 0_u64;
    let (mut stride, mut cursors, mut seen) = (Stride(work.hub.settings.page(FIRST)), Cursors::default(), 0_u64);
    loop {
        let graph = ask_page::<Data>(work.hub, &IDENTITIES, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
        if seen == 0 {
            work.open(&scope, graph.at).await?;
        }
        let mut told = Told::default();
        for problem in &graph.problems {
            told.gap(&scope, problem.place(), problem.cause(work.hub, &IDENTITIES));
        }
        let organization = graph.data.organization;
        let owner = organization.as_ref().and_then(|organization| organization.viewer_can_administer) == Some(true);
        let Some(provider) = organization.and_then(|organization| organization.saml_identity_provider) else {
            return match graph.problems.first() {
                Some(problem) => Err(problem.cause(work.hub, &IDENTITIES)),
                None if seen > 0 => Err(Cause::Malformed {
                    what: format!("{}: the identity provider was gone after {seen} identities", IDENTITIES.name),
                }),
                None => no_provider(work, &scope, owner).await,
            };
        };
        for identity in provider.external_identities.nodes {
            seen += 1;
            match identity {
                Some(identity) => told.records.push(account(work.hub, &scope, &identity, provider.issuer.as_deref())),
                None => told.gap(
                    &scope,
                    format!("identity {seen}"),
                    Cause::Malformed { what: String::from("an identity that is null") },
                ),
            }
        }
        told_of += told.records.len() as u64;
        work.hand_over(told, format!("external-identities/{seen}")).await?;
        match cursors.next(&provider.external_identities.page_info, IDENTITIES.name)? {
            Some(cursor) => variables["after"] = json!(cursor),
            None => return work.seal_counted(&scope, provider.external_identities.total_count, told_of).await,
        }
    }
}

/// Null means "no single sign-on" or "not for this credential's eyes". Only who certainly may see it can tell: an App
/// that may read members, and an owner's classic token. The same scopes of anybody else show null too.
async fn no_provider(work: Work<'_>, scope: &ScopeName, owner: bool) -> Result<(), Cause> {
    let granted = work.hub.granted();
    let certain = owner || matches!(granted, Granted::App(_));
    match granted.holds("members=read").filter(|held| certain || !held) {
        Some(true) => {
            let says =
                "the organization has no single sign-on of its own; one of the enterprise above it would not show here";
            work.outlet.notice(says).await?;
            work.seal(scope, Some(0)).await
        }
        Some(false) => Err(Cause::Denied { permission: work.hub.rights_of(&IDENTITIES) }),
        None => Err(Cause::Denied {
            permission: format!(
                "{} (or the organization has no single sign-on: the answer is null for both)",
                work.hub.rights_of(&IDENTITIES)
            ),
        }),
    }
}

fn account(hub: &Hub, scope: &ScopeName, identity: &Identity, issuer: Option<&str>) -> Access {
    let saml = identity.saml.as_ref();
    let scim = identity.scim.as_ref();
    let name = saml.and_then(|saml| saml.name_id.as_deref().or(saml.username.as_deref()));
    let name = name.or_else(|| scim.and_then(|scim| scim.username.as_deref()));
    let status = if identity.user.is_some() { Status::Enabled } else { Status::Pending };
    let grant = GrantId::from(format!("external-identity/{}", identity.guid));
    let mut access = Access::new(scope.clone(), AccessKind::Account, grant, status);
    access.grant_display = Some(match (&identity.user, name) {
        (Some(user), Some(name)) => format!("{name}, linked to {}", user.login),
        (Some(user), None) => format!("an identity linked to {}", user.login),
        (None, Some(name)) => format!("{name}, linked to no account yet"),
        (None, None) => String::from("an identity linked to no account yet"),
    });
    access.target = Some(format!("single sign-on of organization {}", hub.login()));
    (access.privilege, access.privilege_reason) = hub.base_privilege();
    access.created_at = Fact::Hidden(String::from("GitHub does not show when an identity was linked"));
    access.last_used_at = Fact::Hidden(String::from("GitHub does not show sign-ins; the identity provider does"));
    access.holders = holders(hub, identity, name);
    if let Some(issuer) = issuer {
        access.evidence.push(format!("identity provider {}", crate::text::clean(issuer, 200)));
    }
    if identity.user.is_none() {
        access.evidence.push(String::from("provisioned by the identity provider, not yet claimed by an account"));
    }
    access
}

/// The provider's own words for the person: its addresses are vouched for by it. A name that looks like an address may be
/// a principal name that no roster knows, so every address beside it counts as well.
fn holders(hub: &Hub, identity: &Identity, name: Option<&str>) -> Vec<Holder> {
    let mut holder = Holder::new(Relation::Holder);
    if let Some(user) = &identity.user {
        holder.provider_id = user.database_id.map(|id| id.to_string());
        holder.login = Some(user.login.clone());
        if let Some(id) = user.database_id {
            hub.remember(&user.login, id);
        }
    }
    holder.external = name.map(|name| ExternalIdentity {
        id: String::from(name),
        system: hub.settings.identity_provider.as_ref().map(|system| String::from(system.as_str())),
    });
    let both = || [identity.saml.as_ref(), identity.scim.as_ref()].into_iter().flatten();
    let names = name.into_iter().chain(both().filter_map(|found| found.username.as_deref()));
    let told = both().filter_map(|found| found.emails.as_ref()).flatten().map(|address| address.value.as_str());
    by_each_address(holder, names.filter(|name| name.contains('@')).chain(told))
}

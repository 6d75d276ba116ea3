//! Members and owners, with their public SSH keys: a hundred people a query.

use scan_contract::{
    Access, AccessKind, Cause, Fact, Gap, GrantId, Holder, IdentifierKind, Privilege, Relation, Scope, ScopeName,
    Status, Subtype,
};
use serde::Deserialize;
use serde_json::json;

use crate::graph::{Cursors, PageInfo, Stride, ask_page};
use crate::hub::{by_each_address, scope, somebody};
use crate::queries::MEMBERS;
use crate::read::keys::{self, PublicKeys};
use crate::scopes;
use crate::told::{Told, Work};

/// Members a page.
const FIRST: u32 = 100;

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    members_with_role: Option<Connection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    total_count: u64,
    page_info: PageInfo,
    edges: Vec<Option<Edge>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    role: Option<String>,
    has_two_factor_enabled: Option<bool>,
    node: Option<Member>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    database_id: Option<u64>,
    login: String,
    name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    organization_verified_domain_emails: Option<Vec<String>>,
    #[serde(default)]
    public_keys: Option<PublicKeys>,
}

/// Reads both scopes.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let (members, keys) = (scope(scopes::MEMBERS), scope(scopes::SSH_KEYS));
    // The base permission says what membership alone is worth, and the plan what can be asked for.
    work.hub.organisation().await?;
    let mut variables = json!({"org": work.hub.login(), "after": null});
    let mut told_of = 0_u64;
    let (mut stride, mut cursors, mut position) = (Stride(work.hub.settings.page(FIRST)), Cursors::default(), 0_usize);
    loop {
        let graph = ask_page::<Data>(work.hub, &MEMBERS, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
        if position == 0 {
            work.open(&members, graph.at).await?;
            work.open(&keys, graph.at).await?;
        }
        let mut told = Told::default();
        for problem in &graph.problems {
            // Who is lost is lost with their keys.
            if !problem.names("publicKeys") {
                told.gap(&members, problem.place(), problem.cause(work.hub, &MEMBERS));
            }
            told.gap(&keys, problem.place(), problem.cause(work.hub, &MEMBERS));
        }
        let connection = graph.data.organization.and_then(|organization| organization.members_with_role);
        let refused = || Cause::Denied { permission: work.hub.rights_of(&MEMBERS) };
        let connection = connection
            .ok_or_else(|| graph.problems.first().map_or_else(refused, |problem| problem.cause(work.hub, &MEMBERS)))?;
        for edge in connection.edges {
            position += 1;
            tell_edge(work, &members, &keys, edge, position, &mut told).await?;
        }
        told_of += told.records.iter().filter(|access| access.scope == members).count() as u64;
        work.hand_over(told, format!("members/{position}")).await?;
        let Some(cursor) = cursors.next(&connection.page_info, MEMBERS.name)? else {
            work.seal_counted(&members, connection.total_count, told_of).await?;
            if connection.total_count != told_of {
                let (announced, found) = (connection.total_count, told_of);
                let cause = Cause::CountDiffers { what: String::from("members whose keys are read"), announced, found };
                work.outlet.gap(Gap::scope(&keys, cause)).await?;
            }
            return work.seal(&keys, None).await;
        };
        variables["after"] = json!(cursor);
    }
}

async fn tell_edge(
    work: Work<'_>,
    members: &ScopeName,
    keys: &ScopeName,
    edge: Option<Edge>,
    position: usize,
    told: &mut Told,
) -> Result<(), Cause> {
    let place = format!("member {position}");
    let mut lost = |what: &str| {
        for scope in [members, keys] {
            told.gap(scope, place.clone(), Cause::Malformed { what: format!("{}: {what}", MEMBERS.name) });
        }
        Ok(())
    };
    let Some(edge) = edge else {
        return lost("a member that is null");
    };
    let (role, second_factor) = (edge.role, edge.has_two_factor_enabled);
    let Some((member, id)) = edge.node.and_then(|node| node.database_id.map(|id| (node, id))) else {
        return lost("a member without an id");
    };
    work.hub.remember(&member.login, id);
    let access = account(work, members, &member, id, role.as_deref(), second_factor, told);
    told.records.push(access);
    match member.public_keys {
        Some(found) => keys::tell(work, keys, id, &member.login, found, told).await?,
        None => told.gap(keys, member.login.clone(), Cause::Denied { permission: work.hub.rights_of(&MEMBERS) }),
    }
    let holder = somebody(Relation::Holder, id, &member.login);
    for kind in [scopes::GPG_KEYS, scopes::AUDIT_LOG] {
        told.offers.extend(offer(work, kind, id, &holder));
    }
    Ok(())
}

/// A follow-up for one person. The audit log is offered only where the plan may have one: where it has none, the scope of
/// the audit log as a whole says so once.
pub(crate) fn offer(work: Work<'_>, kind: &str, id: u64, holder: &Holder) -> Option<Scope> {
    if kind == scopes::AUDIT_LOG && work.hub.enterprise_plan() == crate::hub::OnPlan::No {
        return None;
    }
    let mut scope = Scope::new(format!("{kind}/{id}"), kind);
    scope.bound_to = Some(Box::new(holder.clone()));
    Some(scope)
}

/// A member, once for each address the organisation verified, which is the platform's word. One of the profile is the
/// member's, and counts where nothing was verified.
fn holders(member: &Member, id: u64, verified: &[String]) -> Vec<Holder> {
    let mut holder = somebody(Relation::Holder, id, &member.login);
    holder.name.clone_from(&member.name);
    if let Some(address) = member.email.as_ref().filter(|address| verified.is_empty() && !address.is_empty()) {
        holder.email = Some(address.clone());
        holder.verified = Some(vec![IdentifierKind::ProviderId, IdentifierKind::Login]);
    }
    by_each_address(holder, verified.iter().map(String::as_str))
}

fn account(
    work: Work<'_>,
    scope: &ScopeName,
    member: &Member,
    id: u64,
    role: Option<&str>,
    second_factor: Option<bool>,
    told: &mut Told,
) -> Access {
    let addresses = member.organization_verified_domain_emails.as_deref().unwrap_or(&[]);
    let mut access = Access::new(scope.clone(), AccessKind::Account, GrantId::from(id.to_string()), Status::Enabled);
    access.grant_display = Some(member.login.clone());
    access.target = Some(format!("organization {}", work.hub.login()));
    match role {
        Some("ADMIN") => {
            access.privilege = Privilege::Admin;
            access.privilege_reason = Some(String::from("owner of the organization"));
            access.subtype = Some(Subtype::OrganisationOwner);
        }
        Some("MEMBER") => (access.privilege, access.privilege_reason) = work.hub.base_privilege(),
        Some(word) => told.unknown(scope, "role", word, &member.login),
        None => told.gap(
            scope,
            member.login.clone(),
            Cause::Denied { permission: format!("{} (role)", work.hub.rights_of(&MEMBERS)) },
        ),
    }
    access.created_at = Fact::Hidden(String::from("GitHub does not show when somebody became a member"));
    access.last_used_at = Fact::Hidden(String::from("GitHub shows no last activity of a member; the audit log does"));
    access.holders = holders(member, id, addresses);
    access.evidence.push(String::from(match second_factor {
        Some(true) => "two-factor authentication is on",
        Some(false) => "two-factor authentication is off",
        None => "whether two-factor authentication is on is not shown to this credential",
    }));
    access
}

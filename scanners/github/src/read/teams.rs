//! Teams, who is in them, and the highest right each has on any repository.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;
use serde_json::json;

use crate::graph::{Cursors, PageInfo, Stride, ask_page};
use crate::hub::{Hub, scope, somebody};
use crate::queries::{TEAM_MEMBERS, TEAMS};
use crate::scopes;
use crate::text::clean;
use crate::told::{Told, Work};

/// Teams a page, each with up to a hundred members.
const FIRST: u32 = 25;
/// Members a page, for teams with more.
const MEMBERS: u32 = 100;

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
struct Organization {
    teams: Option<Teams>,
    team: Option<Team>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Teams {
    total_count: u64,
    page_info: PageInfo,
    nodes: Vec<Option<Team>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Team {
    database_id: Option<u64>,
    #[serde(default)]
    slug: String,
    #[serde(rename = "parentTeam", default)]
    parent: Option<Parent>,
    members: Option<Members>,
    #[serde(default)]
    repositories: Option<Repositories>,
}

#[derive(Deserialize)]
struct Parent {
    slug: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    total_count: u64,
    page_info: PageInfo,
    edges: Vec<Option<Edge>>,
}

#[derive(Deserialize)]
struct Edge {
    role: String,
    node: Option<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    database_id: Option<u64>,
    login: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repositories {
    total_count: u64,
    edges: Vec<Option<RepositoryEdge>>,
}

#[derive(Deserialize)]
struct RepositoryEdge {
    permission: String,
}

/// What a team is worth.
struct Worth {
    privilege: Privilege,
    reason: Option<String>,
}

/// How far a right on a repository reaches.
pub(crate) fn privilege_of(permission: &str) -> Option<Privilege> {
    match permission.to_ascii_uppercase().as_str() {
        "ADMIN" | "MAINTAIN" => Some(Privilege::Admin),
        "WRITE" | "PUSH" | "TRIAGE" => Some(Privilege::Write),
        "READ" | "PULL" => Some(Privilege::Read),
        _ => None,
    }
}

/// Reads the scope.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::TEAMS);
    let mut variables = json!({"org": work.hub.login(), "after": null});
    let (mut stride, mut cursors, mut seen) = (Stride(work.hub.settings.page(FIRST)), Cursors::default(), 0_u64);
    loop {
        let graph = ask_page::<Data>(work.hub, &TEAMS, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
        if seen == 0 {
            work.open(&scope, graph.at).await?;
        }
        let mut told = Told::default();
        for problem in &graph.problems {
            told.gap(&scope, problem.place(), problem.cause(work.hub, &TEAMS));
        }
        let teams = graph.data.organization.and_then(|organization| organization.teams);
        let teams = teams.ok_or_else(|| match graph.problems.first() {
            Some(problem) => problem.cause(work.hub, &TEAMS),
            None => Cause::Denied { permission: work.hub.rights_of(&TEAMS) },
        })?;
        for team in teams.nodes {
            seen += 1;
            tell_team(work, &scope, team, seen, &mut told).await?;
        }
        work.hand_over(told, format!("teams/{seen}")).await?;
        let Some(cursor) = cursors.next(&teams.page_info, TEAMS.name)? else {
            if teams.total_count != seen {
                let cause =
                    Cause::CountDiffers { what: String::from("teams"), announced: teams.total_count, found: seen };
                work.outlet.gap(scan_contract::Gap::scope(&scope, cause)).await?;
            }
            return work.seal(&scope, None).await;
        };
        variables["after"] = json!(cursor);
    }
}

async fn tell_team(
    work: Work<'_>,
    scope: &ScopeName,
    team: Option<Team>,
    number: u64,
    told: &mut Told,
) -> Result<(), Cause> {
    let place = format!("team {number}");
    let Some((team, id)) = team.and_then(|team| team.database_id.map(|id| (team, id))) else {
        told.gap(scope, place, Cause::Malformed { what: String::from("a team that is null or has no id") });
        return Ok(());
    };
    let worth = worth(scope, &team, told);
    let Some(members) = team.members else {
        told.gap(scope, team.slug, Cause::Denied { permission: work.hub.rights_of(&TEAMS) });
        return Ok(());
    };
    let mut edges = members.edges;
    if members.page_info.goes_on() {
        match rest(work.hub, &team.slug, id).await {
            Ok(all) => edges = all,
            Err(Cause::Stopped) => return Err(Cause::Stopped),
            Err(cause) => told.gap(scope, team.slug.clone(), cause),
        }
    } else if members.total_count != edges.len() as u64 {
        let (announced, found) = (members.total_count, edges.len() as u64);
        told.gap(
            scope,
            team.slug.clone(),
            Cause::CountDiffers { what: String::from("members of the team"), announced, found },
        );
    }
    let parent = team.parent.as_ref().map(|parent| parent.slug.as_str());
    for edge in edges {
        let node = edge.and_then(|edge| edge.node.map(|node| (edge.role, node)));
        let Some((role, node, user)) = node.and_then(|(role, node)| node.database_id.map(|user| (role, node, user)))
        else {
            told.gap(
                scope,
                team.slug.clone(),
                Cause::Malformed { what: String::from("a member that is null or has no id") },
            );
            continue;
        };
        let access = membership(work.hub, scope, (id, &team.slug, parent), (user, &node.login, &role), &worth, told);
        told.records.push(access);
    }
    Ok(())
}

fn worth(scope: &ScopeName, team: &Team, told: &mut Told) -> Worth {
    let Some(repositories) = &team.repositories else {
        return Worth { privilege: Privilege::Unknown, reason: None };
    };
    let highest = repositories.edges.iter().flatten().next();
    match highest {
        None if repositories.total_count == 0 => {
            Worth { privilege: Privilege::None, reason: Some(String::from("the team has no repository")) }
        }
        None => Worth { privilege: Privilege::Unknown, reason: None },
        Some(edge) => {
            let privilege = privilege_of(&edge.permission);
            if privilege.is_none() {
                told.unknown(scope, "permission", &edge.permission, &team.slug);
            }
            let word = clean(&edge.permission, 40).to_lowercase();
            let reason = format!("{word} is its highest right on any of {} repositories", repositories.total_count);
            Worth { privilege: privilege.unwrap_or(Privilege::Unknown), reason: Some(reason) }
        }
    }
}

async fn rest(hub: &Hub, slug: &str, id: u64) -> Result<Vec<Option<Edge>>, Cause> {
    let mut variables = json!({"org": hub.login(), "slug": slug, "after": null});
    let (mut stride, mut cursors, mut all) = (Stride(hub.settings.page(MEMBERS)), Cursors::default(), Vec::new());
    loop {
        let graph = ask_page::<Data>(hub, &TEAM_MEMBERS, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
        if let Some(problem) = graph.problems.first() {
            return Err(problem.cause(hub, &TEAM_MEMBERS));
        }
        let team = graph.data.organization.and_then(|organization| organization.team);
        // A slug can pass to another team between two questions.
        let team = team.filter(|team| team.database_id == Some(id));
        let members = team.and_then(|team| team.members);
        let members = members.ok_or_else(|| Cause::Malformed { what: format!("team {slug} is not what it was") })?;
        all.extend(members.edges);
        match cursors.next(&members.page_info, TEAM_MEMBERS.name)? {
            Some(cursor) => variables["after"] = json!(cursor),
            None if members.total_count == all.len() as u64 => return Ok(all),
            None => {
                let (announced, found) = (members.total_count, all.len() as u64);
                return Err(Cause::CountDiffers { what: format!("members of team {slug}"), announced, found });
            }
        }
    }
}

fn membership(
    hub: &Hub,
    scope: &ScopeName,
    (team, slug, parent): (u64, &str, Option<&str>),
    (user, login, role): (u64, &str, &str),
    worth: &Worth,
    told: &mut Told,
) -> Access {
    hub.remember(login, user);
    let grant = GrantId::from(format!("team/{team}/{user}"));
    let mut access = Access::new(scope.clone(), AccessKind::GroupMembership, grant, Status::Enabled);
    access.grant_display = Some(format!("{login} in team {slug}"));
    access.target = Some(format!("team {slug}"));
    access.parent = Some(GrantId::from(user.to_string()));
    access.privilege = worth.privilege;
    access.privilege_reason.clone_from(&worth.reason);
    match role {
        "MAINTAINER" => {
            access.privilege = Privilege::Admin;
            access.privilege_reason = Some(String::from("maintainer: adds and removes members of the team"));
        }
        "MEMBER" => {}
        word => told.unknown(scope, "role", word, &format!("{slug}/{login}")),
    }
    access.last_used_at = Fact::Hidden(String::from("a membership has no use of its own"));
    access.created_at = Fact::Hidden(String::from("GitHub does not show when somebody joined a team"));
    access.holders.push(somebody(Relation::Holder, user, login));
    if let Some(parent) = parent {
        access.evidence.push(format!("below team {parent}, whose rights it inherits"));
    }
    access
}

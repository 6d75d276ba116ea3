//! Everything that hangs from repositories. One query tells of many repositories what GraphQL can tell; a request for a
//! repository is sent only where that showed that there is something, or where nothing but a request can tell.

use scan_contract::{Access, AccessKind, Cause, Fact, Gap, GrantId, Privilege, Relation, ScopeName, Status, Subtype};
use serde::Deserialize;
use serde_json::json;

use crate::graph::{Cursors, Graph, PageInfo, Problem, Stride, ask_page};
use crate::hub::{Hub, scope, somebody};
use crate::queries::{COLLABORATORS, REPOSITORIES};
use crate::read::repository::{self, Known, Wanted};
use crate::read::teams::privilege_of;
use crate::read::{codeowners, workflows};
use crate::scopes;
use crate::text::clean;
use crate::told::{Told, Work};

/// Repositories a page.
const FIRST: u32 = 50;
/// Collaborators a page, for repositories with more than the first fifty.
const COLLABORATORS_FIRST: u32 = 100;

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
struct Organization {
    repositories: Option<Connection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    total_count: u64,
    page_info: PageInfo,
    #[serde(default)]
    nodes: Vec<Option<Repository>>,
}

/// A repository as the sweep shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Repository {
    id: String,
    database_id: Option<u64>,
    name_with_owner: String,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    pushed_at: Option<chrono::DateTime<chrono::Utc>>,
    collaborators: Option<Collaborators>,
    deploy_keys: Option<Count>,
    environments: Option<Count>,
    first: Option<Blob>,
    second: Option<Blob>,
    third: Option<Blob>,
    workflows: Option<Tree>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: u64,
}

/// A CODEOWNERS file. An object that is no file has no fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob {
    /// Text; null for a binary file.
    #[serde(default)]
    pub(crate) lines: Option<String>,
    /// Whether the service cut the text.
    #[serde(default)]
    pub(crate) is_truncated: Option<bool>,
}

/// The folder of workflows.
#[derive(Deserialize)]
pub(crate) struct Tree {
    /// Its entries; null where it is no folder.
    #[serde(default)]
    pub(crate) entries: Option<Vec<Entry>>,
}

/// An entry of a folder.
#[derive(Deserialize)]
pub(crate) struct Entry {
    /// File name.
    pub(crate) name: String,
    /// `blob` for a file.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The file.
    pub(crate) object: Option<Script>,
}

/// A workflow file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Script {
    /// Text; null for a binary file, and in a recording, which never holds it.
    #[serde(default)]
    pub(crate) script: Option<String>,
    /// Whether the service cut the text.
    #[serde(default)]
    pub(crate) is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collaborators {
    total_count: u64,
    page_info: PageInfo,
    #[serde(default)]
    edges: Vec<Option<Edge>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    permission: String,
    node: Option<Node>,
    #[serde(default)]
    permission_sources: Option<Vec<Source>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    database_id: Option<u64>,
    login: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(default)]
    permission: Option<String>,
    #[serde(default)]
    role_name: Option<String>,
    #[serde(rename = "source")]
    granter: Option<Granter>,
}

#[derive(Deserialize)]
struct Granter {
    #[serde(rename = "__typename")]
    kind: String,
}

#[derive(Deserialize)]
struct MoreData {
    node: Option<MoreNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MoreNode {
    collaborators: Option<Collaborators>,
}

/// The scopes of this walk that come with the sweep itself.
const SWEPT: [&str; 7] = [
    scopes::REPOSITORIES,
    scopes::REPOSITORY_COLLABORATORS,
    scopes::DEPLOY_KEYS,
    scopes::ENVIRONMENTS,
    scopes::ENVIRONMENT_SECRETS,
    scopes::CODEOWNERS,
    scopes::SCHEDULED_WORKFLOWS,
];

/// Reads every scope of repositories.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let known = sweep(work).await?;
    repository::read_rest(work, known).await
}

async fn sweep(work: Work<'_>) -> Result<Vec<Known>, Cause> {
    let mut variables = json!({"org": work.hub.login(), "after": null});
    let (mut stride, mut cursors, mut seen) = (Stride(work.hub.settings.page(FIRST)), Cursors::default(), 0_u64);
    let mut all = Vec::new();
    loop {
        let graph = ask_page::<Data>(work.hub, &REPOSITORIES, &mut stride, &mut variables).await?;
        if seen == 0 {
            for kind in SWEPT {
                work.open(&scope(kind), graph.at).await?;
            }
        }
        let connection = page_of(work.hub, &graph)?;
        let Graph { data, problems, .. } = graph;
        let nodes = data.organization.and_then(|organization| organization.repositories).map(|found| found.nodes);
        let (told, wanted) = tell_page(work, nodes.unwrap_or_default(), &problems, seen, &mut all).await?;
        seen += connection.0;
        work.hand_over(told, format!("repositories/{seen}")).await?;
        let hanging = repository::read_wanted(work, wanted).await?;
        work.hand_over(hanging, format!("repositories/{seen}/hanging")).await?;
        let Some(cursor) = cursors.next(&connection.2, REPOSITORIES.name)? else {
            seal(work, connection.1, seen).await?;
            return Ok(all);
        };
        variables["after"] = json!(cursor);
    }
}

/// Repositories on this page, the announced total, and where it goes on.
fn page_of(hub: &Hub, graph: &Graph<Data>) -> Result<(u64, u64, PageInfo), Cause> {
    let connection = graph.data.organization.as_ref().and_then(|organization| organization.repositories.as_ref());
    match (connection, graph.problems.first()) {
        (Some(found), _) => Ok((found.nodes.len() as u64, found.total_count, found.page_info.clone())),
        (None, Some(problem)) => Err(problem.cause(hub, &REPOSITORIES)),
        (None, None) => Err(Cause::Denied { permission: hub.rights_of(&REPOSITORIES) }),
    }
}

async fn seal(work: Work<'_>, announced: u64, found: u64) -> Result<(), Cause> {
    for kind in SWEPT {
        let scope = scope(kind);
        if announced != found {
            let cause = Cause::CountDiffers { what: String::from("repositories"), announced, found };
            work.outlet.gap(Gap::scope(&scope, cause)).await?;
        }
        work.seal(&scope, None).await?;
    }
    Ok(())
}

async fn tell_page(
    work: Work<'_>,
    nodes: Vec<Option<Repository>>,
    problems: &[Problem],
    before: u64,
    all: &mut Vec<Known>,
) -> Result<(Told, Vec<Wanted>), Cause> {
    let mut told = Told::default();
    let mut wanted = Vec::new();
    tell_problems(work.hub, problems, &nodes, &mut told);
    for (position, node) in nodes.into_iter().enumerate() {
        let own: Vec<&Problem> =
            problems.iter().filter(|problem| problem.below("nodes").is_some_and(|(at, _)| at == position)).collect();
        let found = node.and_then(|node| node.database_id.map(|id| (node, id)));
        let Some((repository, id)) = found else {
            let cause = own.first().map(|problem| problem.cause(work.hub, &REPOSITORIES));
            let cause = cause
                .unwrap_or_else(|| Cause::Malformed { what: String::from("a repository that is null or has no id") });
            let place = format!("repository {}", before + position as u64 + 1);
            told.gaps.extend(SWEPT.iter().map(|kind| Gap::part(&scope(kind), place.clone(), cause.clone())));
            continue;
        };
        let known =
            Known::new(id, &repository.id, &repository.name_with_owner, repository.is_archived, repository.pushed_at);
        tell_repository(work, &known, repository, &own, &mut told, &mut wanted).await?;
        all.push(known);
    }
    Ok((told, wanted))
}

/// Problems that no repository of the page answers for.
fn tell_problems(hub: &Hub, problems: &[Problem], nodes: &[Option<Repository>], told: &mut Told) {
    for problem in problems {
        if problem.below("nodes").is_none_or(|(at, _)| at >= nodes.len()) {
            let cause = problem.cause(hub, &REPOSITORIES);
            told.gaps.extend(SWEPT.iter().map(|kind| Gap::part(&scope(kind), problem.place(), cause.clone())));
        }
    }
}

async fn tell_repository(
    work: Work<'_>,
    known: &Known,
    repository: Repository,
    problems: &[&Problem],
    told: &mut Told,
    wanted: &mut Vec<Wanted>,
) -> Result<(), Cause> {
    let hub = work.hub;
    let cause_of = |fields: &[&str]| {
        let found =
            problems.iter().find(|problem| problem.below("nodes").is_some_and(|(_, field)| fields.contains(&field)));
        found.map(|problem| problem.cause(hub, &REPOSITORIES))
    };
    if let Some(found) = repository.collaborators {
        tell_collaborators(work, known, found, told).await?;
    } else {
        // Null is "no value" or "not permitted", and a repository always has collaborators or an empty list.
        let denied = Cause::Denied { permission: hub.rights_of(&REPOSITORIES) };
        told.gap(
            &scope(scopes::REPOSITORY_COLLABORATORS),
            &*known.name,
            cause_of(&["collaborators"]).unwrap_or(denied),
        );
    }
    let mut wants = Wanted::nothing(known);
    wants.keys = count(&scope(scopes::DEPLOY_KEYS), known, repository.deploy_keys, cause_of(&["deployKeys"]), told);
    wants.environments =
        count(&scope(scopes::ENVIRONMENTS), known, repository.environments, cause_of(&["environments"]), told);
    let owners = scope(scopes::CODEOWNERS);
    match cause_of(&["first", "second", "third"]) {
        Some(cause) => told.gap(&owners, &*known.name, cause),
        None => codeowners::tell(hub, &owners, known, [repository.first, repository.second, repository.third], told),
    }
    let schedules = scope(scopes::SCHEDULED_WORKFLOWS);
    match cause_of(&["workflows"]) {
        Some(cause) => told.gap(&schedules, &*known.name, cause),
        None => wants.schedules = workflows::scheduled(hub, &schedules, known, repository.workflows, told),
    }
    if wants.anything() {
        wanted.push(wants);
    }
    Ok(())
}

/// Whether a request is worth it. A count that is missing says neither, so it is sent.
fn count(scope: &ScopeName, known: &Known, count: Option<Count>, problem: Option<Cause>, told: &mut Told) -> bool {
    if let Some(cause) = problem
        && count.is_none()
        && !matches!(cause, Cause::Denied { .. })
    {
        told.gap(scope, &*known.name, cause);
        return false;
    }
    count.is_none_or(|count| count.total_count > 0)
}

async fn tell_collaborators(work: Work<'_>, known: &Known, first: Collaborators, told: &mut Told) -> Result<(), Cause> {
    let scope = scope(scopes::REPOSITORY_COLLABORATORS);
    let mut edges = first.edges;
    if first.page_info.goes_on() {
        match more(work.hub, known).await {
            Ok(all) => edges = all,
            Err(Cause::Stopped) => return Err(Cause::Stopped),
            Err(cause) => told.gap(&scope, &*known.name, cause),
        }
    } else if first.total_count != edges.len() as u64 {
        let (announced, found) = (first.total_count, edges.len() as u64);
        told.gap(&scope, &*known.name, Cause::CountDiffers { what: String::from("collaborators"), announced, found });
    }
    for edge in edges {
        let found = edge.and_then(|edge| {
            let node = edge.node?;
            let id = node.database_id?;
            Some((id, node.login, edge.permission, edge.permission_sources))
        });
        match found {
            Some((id, login, permission, sources)) => {
                let access = collaborator(work.hub, &scope, known, (id, &login), &permission, sources.as_deref(), told);
                told.records.push(access);
            }
            None => told.gap(
                &scope,
                &*known.name,
                Cause::Malformed { what: String::from("a collaborator that is null or has no id") },
            ),
        }
    }
    Ok(())
}

async fn more(hub: &Hub, known: &Known) -> Result<Vec<Option<Edge>>, Cause> {
    let mut variables = json!({"repository": &*known.node, "after": null});
    let (mut stride, mut cursors, mut all) =
        (Stride(hub.settings.page(COLLABORATORS_FIRST)), Cursors::default(), Vec::new());
    loop {
        let graph = ask_page::<MoreData>(hub, &COLLABORATORS, &mut stride, &mut variables).await?;
        if let Some(problem) = graph.problems.first() {
            return Err(problem.cause(hub, &COLLABORATORS));
        }
        let found = graph.data.node.and_then(|node| node.collaborators);
        let found = found.ok_or_else(|| Cause::Denied { permission: hub.rights_of(&COLLABORATORS) })?;
        all.extend(found.edges);
        match cursors.next(&found.page_info, COLLABORATORS.name)? {
            Some(cursor) => variables["after"] = json!(cursor),
            None if found.total_count == all.len() as u64 => return Ok(all),
            None => {
                let (announced, found) = (found.total_count, all.len() as u64);
                return Err(Cause::CountDiffers { what: String::from("collaborators"), announced, found });
            }
        }
    }
}

fn collaborator(
    hub: &Hub,
    scope: &ScopeName,
    known: &Known,
    (id, login): (u64, &str),
    permission: &str,
    sources: Option<&[Source]>,
    told: &mut Told,
) -> Access {
    let grant = GrantId::from(format!("{}/{id}", known.id));
    // Nothing can be changed in an archived repository, and everything can be read.
    let mut access = Access::new(scope.clone(), AccessKind::RoleBinding, grant, Status::Enabled);
    access.grant_display = Some(format!("{login} on {}", known.name));
    access.target = Some(format!("repository {}", known.name));
    access.parent = Some(GrantId::from(id.to_string()));
    let privilege = privilege_of(permission);
    if privilege.is_none() {
        told.unknown(scope, "permission", permission, &format!("{}/{login}", known.name));
    }
    access.privilege = match privilege {
        Some(_) if known.archived => Privilege::Read,
        Some(privilege) => privilege,
        None => Privilege::Unknown,
    };
    let word = clean(permission, 40).to_lowercase();
    let archived = if known.archived { ", and the repository is archived: it can be read, not changed" } else { "" };
    access.privilege_reason = Some(format!("{word}{archived}"));
    if hub.is_outside(id) {
        access.subtype = Some(Subtype::ExternalCollaborator);
    }
    access.created_at = Fact::Hidden(String::from("GitHub does not show when somebody became a collaborator"));
    access.last_used_at = Fact::Hidden(String::from("GitHub does not show the use of a right on a repository"));
    access.holders.push(somebody(Relation::Holder, id, login));
    for source in sources.unwrap_or_default() {
        let from = source.granter.as_ref().map_or("not told", |granter| granter.kind.as_str());
        let right = source.role_name.as_deref().or(source.permission.as_deref()).unwrap_or("not told");
        access.evidence.push(format!("{} from {}", clean(right, 60).to_lowercase(), clean(from, 40).to_lowercase()));
    }
    access
}

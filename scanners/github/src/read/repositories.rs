//! Everything that hangs from repositories. One query tells of many repositories what GraphQL can tell; a request for a
//! repository is sent only where that showed that there is something, or where nothing but a request can tell.

use scan_contract::{Access, AccessKind, Cause, Fact, Gap, GrantId, Privilege, Relation, ScopeName, Status, Subtype};
use serde::{Deserialize, Deserializer};
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
    nodes: Vec<Option<Repository>>,
}

/// A repository as the sweep shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Repository {
    id: String,
    database_id: Option<u64>,
    name_with_owner: String,
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
    /// Its entries.
    #[serde(default)]
    pub(crate) entries: Entries,
}

/// Entries of a folder.
#[derive(Default)]
pub(crate) enum Entries {
    /// The field is absent: it is no folder.
    #[default]
    NoFolder,
    /// It is a folder; null means that the service does not show what is in it.
    Told(Option<Vec<Entry>>),
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Told)
    }
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

/// The scopes that a repository which could not be read is missing from: those above, and those asked one by one.
fn hanging() -> impl Iterator<Item = ScopeName> {
    SWEPT.into_iter().chain(repository::ONE_BY_ONE).map(scope)
}

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
        let graph = ask_page::<Data>(work.hub, &REPOSITORIES, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
        if seen == 0 {
            for kind in SWEPT {
                work.open(&scope(kind), graph.at).await?;
            }
        }
        let Graph { data, problems, .. } = graph;
        let found = data.organization.and_then(|organization| organization.repositories);
        let Connection { total_count, page_info, nodes } = found.ok_or_else(|| match problems.first() {
            Some(problem) => problem.cause(work.hub, &REPOSITORIES),
            None => Cause::Denied { permission: work.hub.rights_of(&REPOSITORIES) },
        })?;
        let here = nodes.len() as u64;
        let (told, wanted) = tell_page(work, nodes, &problems, seen, &mut all).await?;
        seen += here;
        work.hand_over(told, format!("repositories/{seen}")).await?;
        let hanging = repository::read_wanted(work, wanted).await?;
        work.hand_over(hanging, format!("repositories/{seen}/hanging")).await?;
        let Some(cursor) = cursors.next(&page_info, REPOSITORIES.name)? else {
            seal(work, total_count, seen).await?;
            return Ok(all);
        };
        variables["after"] = json!(cursor);
    }
}

async fn seal(work: Work<'_>, announced: u64, found: u64) -> Result<(), Cause> {
    if announced != found {
        let cause = Cause::CountDiffers { what: String::from("repositories"), announced, found };
        for scope in hanging() {
            work.outlet.gap(Gap::scope(&scope, cause.clone())).await?;
        }
    }
    for kind in SWEPT {
        work.seal(&scope(kind), None).await?;
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
            told.gaps.extend(hanging().map(|scope| Gap::part(&scope, place.clone(), cause.clone())));
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
            told.gaps.extend(hanging().map(|scope| Gap::part(&scope, problem.place(), cause.clone())));
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
        let graph = ask_page::<MoreData>(hub, &COLLABORATORS, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
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
    let mut access = Access::new(scope.clone(), AccessKind::RoleBinding, grant, Status::Enabled);
    access.grant_display = Some(format!("{login} on {}", known.name));
    access.target = Some(format!("repository {}", known.name));
    access.parent = Some(GrantId::from(id.to_string()));
    let privilege = privilege_of(permission);
    if privilege.is_none() {
        told.unknown(scope, "permission", permission, &format!("{}/{login}", known.name));
    }
    access.privilege = match privilege {
        // Nothing can be changed in an archived repository, except by who may end that, and everything can be read.
        Some(Privilege::Write) if known.archived => Privilege::Read,
        Some(privilege) => privilege,
        None => Privilege::Unknown,
    };
    let word = clean(permission, 40).to_lowercase();
    let archived = match access.privilege {
        _ if !known.archived => "",
        Privilege::Admin => ", and the repository is archived until an administrator ends that",
        _ => ", and the repository is archived: it can be read, not changed",
    };
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

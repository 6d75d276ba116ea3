//! The GraphQL interface: answers by the name of the operation, with the fields its document asks for.

use serde_json::{Value, json};

use super::truth::{Person, Repository, Team, Truth, Workflow};
use super::{GitHubStub, Means, lock};

/// The answer and what it cost.
pub(super) fn answer(stub: &GitHubStub, asked: &Value) -> (Value, u64) {
    let name = asked["operationName"].as_str().unwrap_or_default();
    let document = asked["query"].as_str().unwrap_or_default();
    let variables = &asked["variables"];
    if !document.contains(name) || name.is_empty() {
        return (json!({"errors": [{"message": "No operation of that name"}]}), 1);
    }
    let first = variables["first"].as_u64().unwrap_or(1);
    let from = variables["after"]
        .as_str()
        .and_then(|cursor| cursor.strip_prefix("c"))
        .and_then(|at| at.parse().ok())
        .unwrap_or(0);
    let page = Page { from, count: usize::try_from(first).unwrap_or(1) };
    let truth = stub.truth();
    let organisation = |value: Value| json!({"organization": value});
    let wrong_org = variables["org"].as_str().is_some_and(|org| !org.eq_ignore_ascii_case(&truth.login));
    if wrong_org {
        return (
            json!({"data": {"organization": null}, "errors": [{"type": "NOT_FOUND", "path": ["organization"], "message": "no"}]}),
            1,
        );
    }
    let forbidden = |field: &str| {
        let data = organisation(json!({"databaseId": truth.id, field: null}));
        let error = json!({"type": "FORBIDDEN", "path": ["organization", field], "message": "Resource not accessible by integration"});
        (json!({"data": data, "errors": [error]}), 1)
    };
    let (data, errors, connections) = match name {
        "OrganizationMembers" if !stub.holds("members") => return forbidden("membersWithRole"),
        "OrganizationMembers" => (organisation(members(&truth, page)), Vec::new(), 1 + first),
        "PersonPublicKeys" => (public_keys(&truth, variables, page), Vec::new(), 1),
        "OrganizationTeams" if !stub.holds("members") => return forbidden("teams"),
        "OrganizationTeams" => (organisation(teams(&truth, page)), Vec::new(), 1 + 2 * first),
        "TeamMembers" => (organisation(team_members(&truth, variables, page)), Vec::new(), 1),
        "ExternalIdentities" if !stub.holds("members") || !truth.saml => {
            // Null for both: no single sign-on, and not for this credential's eyes.
            let owner = matches!(stub.means, Means::Classic(_)) && stub.holds("owner");
            let data = json!({"databaseId": truth.id, "viewerCanAdminister": owner, "samlIdentityProvider": null});
            (organisation(data), Vec::new(), 1)
        }
        "ExternalIdentities" => (organisation(identities(&truth, page)), Vec::new(), 1),
        "RepositorySweep" => {
            let (data, errors) = repositories(stub, &truth, page);
            (organisation(data), errors, 1 + 3 * first)
        }
        "RepositoryCollaborators" => (json!({"node": collaborators_of(&truth, variables, page)}), Vec::new(), 1),
        "RepositoryName" => {
            let found = by_node(&truth, &variables["repository"]).filter(|one| !one.deleted);
            match found {
                Some(one) => {
                    (json!({"node": {"databaseId": one.id, "nameWithOwner": name_of(&truth, &one)}}), Vec::new(), 1)
                }
                None => {
                    (json!({"node": null}), vec![json!({"type": "NOT_FOUND", "path": ["node"], "message": "no"})], 1)
                }
            }
        }
        "LineAuthors" => (blame(&truth, variables), Vec::new(), 1),
        _ => return (json!({"errors": [{"message": "unknown operation"}]}), 1),
    };
    // docs.github.com, "Rate limits and query limits for the GraphQL API": divided by a hundred, rounded, at least one.
    let cost = ((connections + 50) / 100).max(1);
    let mut data = data;
    let used = *lock(&stub.points) + cost;
    data["rateLimit"] = json!({"cost": cost, "limit": 15_000, "remaining": 15_000_u64.saturating_sub(used), "used": used,
        "resetAt": super::in_an_hour()});
    let mut value = json!({"data": data});
    if !errors.is_empty() {
        value["errors"] = Value::Array(errors);
    }
    (value, cost)
}

#[derive(Clone, Copy)]
struct Page {
    from: usize,
    count: usize,
}

impl Page {
    fn range(self, total: usize) -> std::ops::Range<usize> {
        self.from.min(total)..(self.from + self.count).min(total)
    }

    fn info(self, total: usize) -> Value {
        let end = (self.from + self.count).min(total);
        json!({"hasNextPage": end < total, "endCursor": format!("c{end}")})
    }

    fn of(self, items: &str, all: &[Value]) -> Value {
        json!({"totalCount": all.len(), "pageInfo": self.info(all.len()), items: all[self.range(all.len())]})
    }
}

const WHOLE: Page = Page { from: 0, count: 100 };
const FIFTY: Page = Page { from: 0, count: 50 };

fn keys(person: &Person, page: Page) -> Value {
    let all: Vec<Value> = person
        .keys
        .iter()
        .enumerate()
        .map(|(at, key)| json!({"id": format!("K_{}_{at}", person.id), "fingerprint": "SHA256:x", "key": key}))
        .collect();
    page.of("nodes", &all)
}

fn members(truth: &Truth, page: Page) -> Value {
    let total = truth.member_count();
    let edges: Vec<Value> = truth
        .members(page.from, page.count)
        .iter()
        .map(|person| {
            json!({
                "role": person.role, "hasTwoFactorEnabled": person.two_factor,
                "node": {"databaseId": person.id, "login": person.login, "name": person.name, "email": person.email,
                    "organizationVerifiedDomainEmails": person.verified_emails, "publicKeys": keys(person, FIFTY)},
            })
        })
        .collect();
    json!({"databaseId": truth.id, "membersWithRole": {"totalCount": total, "pageInfo": page.info(total), "edges": edges}})
}

fn public_keys(truth: &Truth, variables: &Value, page: Page) -> Value {
    let person = variables["login"].as_str().and_then(|login| truth.by_login(login));
    json!({"user": person.map(|person| json!({"databaseId": person.id, "publicKeys": keys(&person, page)}))})
}

fn team_edges(truth: &Truth, team: &Team) -> Vec<Value> {
    team.members
        .iter()
        .filter_map(|(id, role)| {
            let person = truth.person(*id)?;
            Some(json!({"role": role, "node": {"databaseId": person.id, "login": person.login}}))
        })
        .collect()
}

fn teams(truth: &Truth, page: Page) -> Value {
    let total = truth.team_count();
    let nodes: Vec<Value> = page
        .range(total)
        .map(|at| {
            let team = truth.team(at);
            let rights: Vec<Value> = team.rights.iter().take(1).map(|right| json!({"permission": right})).collect();
            json!({
                "databaseId": team.id, "slug": team.slug, "name": team.slug, "privacy": "VISIBLE",
                "parentTeam": team.parent.as_ref().map(|slug| json!({"databaseId": 1, "slug": slug})),
                "members": WHOLE.of("edges", &team_edges(truth, &team)),
                "repositories": {"totalCount": team.rights.len(), "edges": rights},
            })
        })
        .collect();
    json!({"databaseId": truth.id, "teams": {"totalCount": total, "pageInfo": page.info(total), "nodes": nodes}})
}

fn team_members(truth: &Truth, variables: &Value, page: Page) -> Value {
    let found = truth.teams.iter().find(|team| variables["slug"] == json!(team.slug));
    json!({"team": found.map(|team| json!({"databaseId": team.id, "members": page.of("edges", &team_edges(truth, team))}))})
}

fn identities(truth: &Truth, page: Page) -> Value {
    let linked = truth.people.iter().filter(|person| person.saml_name.is_some()).map(|person| {
        json!({
            "guid": format!("g-{}", person.id),
            "samlIdentity": {"nameId": person.saml_name, "username": null, "emails": [{"value": person.saml_name}]},
            "scimIdentity": null, "user": {"databaseId": person.id, "login": person.login},
        })
    });
    let unclaimed = truth.unclaimed.iter().map(|name| {
        json!({"guid": format!("g-{name}"), "samlIdentity": null, "scimIdentity": {"username": name, "emails": [{"value": name}]}, "user": null})
    });
    let all: Vec<Value> = linked.chain(unclaimed).collect();
    json!({"databaseId": truth.id, "samlIdentityProvider": {"issuer": "https://idp.example/x", "externalIdentities": page.of("nodes", &all)}})
}

fn name_of(truth: &Truth, one: &Repository) -> String {
    format!("{}/{}", truth.login, one.renamed.as_ref().unwrap_or(&one.name))
}

fn by_node(truth: &Truth, id: &Value) -> Option<Repository> {
    let id = id.as_str()?.strip_prefix("R_")?.parse().ok()?;
    truth.repository_by_id(id)
}

fn collaborators(truth: &Truth, one: &Repository, page: Page) -> Value {
    let all: Vec<Value> = one
        .collaborators
        .iter()
        .filter_map(|(id, right)| {
            let person = truth.person(*id)?;
            Some(json!({"permission": right, "node": {"databaseId": person.id, "login": person.login},
                "permissionSources": [{"permission": "READ", "roleName": null, "source": {"__typename": "Organization"}},
                    {"permission": right, "roleName": null, "source": {"__typename": "Repository"}}]}))
        })
        .collect();
    page.of("edges", &all)
}

fn collaborators_of(truth: &Truth, variables: &Value, page: Page) -> Value {
    by_node(truth, &variables["repository"])
        .map_or(Value::Null, |one| json!({"databaseId": one.id, "collaborators": collaborators(truth, &one, page)}))
}

fn repositories(stub: &GitHubStub, truth: &Truth, page: Page) -> (Value, Vec<Value>) {
    let total = truth.repository_count();
    let mut errors = Vec::new();
    let nodes: Vec<Value> = page
        .range(total)
        .enumerate()
        .map(|(at, position)| {
            let one = truth.repository(position);
            let mut node = repository(truth, &one);
            let mut hide = |right: &str, fields: &[&str]| {
                for field in fields {
                    if !stub.holds(right) && !node[*field].is_null() {
                        node[*field] = Value::Null;
                        errors.push(json!({"type": "FORBIDDEN", "message": "no",
                            "path": ["organization", "repositories", "nodes", at, field]}));
                    }
                }
            };
            hide("metadata", &["collaborators"]);
            hide("contents", &["first", "second", "third", "workflows"]);
            node
        })
        .collect();
    (
        json!({"databaseId": truth.id, "repositories": {"totalCount": total, "pageInfo": page.info(total), "nodes": nodes}}),
        errors,
    )
}

fn repository(truth: &Truth, one: &Repository) -> Value {
    let owners = |place: &str| match &one.codeowners {
        Some((at, text)) if at == place => json!({"lines": text, "isTruncated": false}),
        _ => Value::Null,
    };
    let entries: Vec<Value> = one
        .workflows
        .iter()
        .map(|file| {
            json!({"name": file.file, "type": "blob",
            "object": {"oid": "abc", "byteSize": file.text.len(), "isTruncated": false, "script": file.text}})
        })
        .collect();
    json!({
        "id": format!("R_{}", one.id), "databaseId": one.id, "nameWithOwner": format!("{}/{}", truth.login, one.name),
        "isArchived": one.archived, "isDisabled": false, "isEmpty": false, "visibility": "PRIVATE", "pushedAt": "2026-07-01T00:00:00Z",
        "collaborators": collaborators(truth, one, FIFTY),
        "deployKeys": {"totalCount": one.keys.len()}, "environments": {"totalCount": one.environments.len()},
        "first": owners(".github/CODEOWNERS"), "second": owners("CODEOWNERS"), "third": owners("docs/CODEOWNERS"),
        "workflows": if entries.is_empty() { Value::Null } else { json!({"entries": entries}) },
    })
}

fn blame(truth: &Truth, variables: &Value) -> Value {
    let mut data = json!({});
    for number in 0..10 {
        if number > 0 && variables[format!("n{number}")] != json!(true) {
            continue;
        }
        let found = by_node(truth, &variables[format!("r{number}")]);
        let path = variables[format!("p{number}")].as_str().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        let workflow = found.as_ref().and_then(|one| one.workflows.iter().find(|workflow| workflow.file == file));
        data[format!("b{number}")] = workflow.map_or(
            Value::Null,
            |workflow| json!({"defaultBranchRef": {"target": {"blame": {"ranges": ranges(truth, workflow)}}}}),
        );
    }
    data
}

fn ranges(truth: &Truth, workflow: &Workflow) -> Value {
    let lines = workflow.text.lines().count();
    let person = truth.by_login(&workflow.author);
    let email = person.as_ref().map_or(workflow.author.clone(), |person| format!("{}@acme.example", person.login));
    let user = person.map(|person| json!({"databaseId": person.id, "login": person.login}));
    json!([
        {"startingLine": 1, "endingLine": 1, "commit": {"committedDate": "2024-01-01T00:00:00Z",
            "author": {"email": "old@acme.example", "name": "Old", "user": null}}},
        {"startingLine": 2, "endingLine": lines, "commit": {"committedDate": "2026-03-01T00:00:00Z",
            "author": {"email": email, "name": "A", "user": user}}},
    ])
}

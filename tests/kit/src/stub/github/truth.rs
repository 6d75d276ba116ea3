//! The truth about one organisation, in the platform's own words.

/// A person with an account.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Immutable id.
    pub id: u64,
    /// Login.
    pub login: String,
    /// Name of the profile.
    pub name: Option<String>,
    /// Public address of the profile; empty for none.
    pub email: String,
    /// Addresses in verified domains of the organisation.
    pub verified_emails: Vec<String>,
    /// `ADMIN` or `MEMBER`; `None` for somebody who is no member.
    pub role: Option<String>,
    /// Whether they are an outside collaborator.
    pub outside: bool,
    /// Second factor, `None` where the platform does not show it.
    pub two_factor: Option<bool>,
    /// SSH public keys, as lines.
    pub keys: Vec<String>,
    /// GPG keys: id, key id, whether revoked.
    pub gpg_keys: Vec<(u64, String, bool)>,
    /// SSH signing keys: id, line.
    pub signing_keys: Vec<(u64, String)>,
    /// Name at the identity provider.
    pub saml_name: Option<String>,
    /// Whether the account was deleted.
    pub deleted: bool,
}

/// A team.
#[derive(Debug, Clone, Default)]
pub struct Team {
    /// Id.
    pub id: u64,
    /// Slug.
    pub slug: String,
    /// Slug of the team above.
    pub parent: Option<String>,
    /// Ids of members, with `MAINTAINER` or `MEMBER`.
    pub members: Vec<(u64, String)>,
    /// Rights on repositories, highest first.
    pub rights: Vec<String>,
}

/// An invitation.
#[derive(Debug, Clone, Default)]
pub struct Invitation {
    /// Id.
    pub id: u64,
    /// Login invited.
    pub login: Option<String>,
    /// Address invited.
    pub email: Option<String>,
    /// Role, or right on the repository.
    pub role: String,
    /// When.
    pub created_at: String,
    /// Id of whoever sent it.
    pub inviter: Option<u64>,
    /// Why it failed; for invitations of repositories, `expired`.
    pub failed: Option<String>,
}

/// A role.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Base role.
    pub base: Option<String>,
    /// Permissions.
    pub permissions: Vec<String>,
    /// Ids of people, with `direct`, `indirect` or `mixed`.
    pub people: Vec<(u64, String)>,
}

/// A credential authorised for single sign-on.
#[derive(Debug, Clone, Default)]
pub struct Authorization {
    /// Id of the authorisation.
    pub id: u64,
    /// Login of its owner.
    pub login: String,
    /// Type as the platform writes it.
    pub kind: String,
    /// Title or note.
    pub title: String,
    /// Last use; `None` for never.
    pub accessed_at: Option<String>,
    /// End.
    pub expires_at: Option<String>,
    /// Fingerprint of a key.
    pub fingerprint: Option<String>,
    /// Scopes of a token.
    pub scopes: Option<Vec<String>>,
}

/// A fine-grained token, granted or requested.
#[derive(Debug, Clone, Default)]
pub struct Token {
    /// Id of the grant or request.
    pub id: u64,
    /// Id of its owner.
    pub owner: u64,
    /// Name.
    pub name: String,
    /// Whether it expired.
    pub expired: bool,
    /// Last use.
    pub last_used_at: Option<String>,
    /// One permission of the organisation.
    pub permission: (String, String),
}

/// An App.
#[derive(Debug, Clone, Default)]
pub struct Installation {
    /// Id.
    pub id: u64,
    /// Slug.
    pub slug: String,
    /// Permissions.
    pub permissions: Vec<(String, String)>,
    /// Whether it is suspended.
    pub suspended: bool,
}

/// A webhook.
#[derive(Debug, Clone, Default)]
pub struct Hook {
    /// Id.
    pub id: u64,
    /// Whether it is on.
    pub active: bool,
    /// Address, with whatever secret people put there.
    pub url: String,
}

/// A secret, of which only this is ever shown.
#[derive(Debug, Clone, Default)]
pub struct Secret {
    /// `actions`, `dependabot` or `codespaces`.
    pub sort: String,
    /// Name.
    pub name: String,
    /// Last change.
    pub updated_at: String,
}

/// A runner.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// `online` or `offline`.
    pub status: String,
}

/// A seat.
#[derive(Debug, Clone, Default)]
pub struct Seat {
    /// Id of its holder.
    pub person: u64,
    /// Last activity.
    pub last_activity_at: Option<String>,
}

/// A deploy key.
#[derive(Debug, Clone, Default)]
pub struct DeployKey {
    /// Id.
    pub id: u64,
    /// Line.
    pub key: String,
    /// Title.
    pub title: String,
    /// Whether it only reads.
    pub read_only: bool,
    /// Login of whoever added it.
    pub added_by: Option<String>,
    /// Last use.
    pub last_used: Option<String>,
    /// Whether it is on.
    pub enabled: bool,
}

/// An environment.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Ids of people who approve.
    pub approvers: Vec<u64>,
    /// Secrets.
    pub secrets: Vec<Secret>,
}

/// A workflow file.
#[derive(Debug, Clone, Default)]
pub struct Workflow {
    /// File name.
    pub file: String,
    /// Text.
    pub text: String,
    /// State.
    pub state: String,
    /// Login of whoever last changed each of its lines; an address for somebody without an account.
    pub author: String,
}

/// A repository.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// Id.
    pub id: u64,
    /// Name without the owner.
    pub name: String,
    /// Whether it is archived.
    pub archived: bool,
    /// Ids of direct collaborators, with their right.
    pub collaborators: Vec<(u64, String)>,
    /// Deploy keys.
    pub keys: Vec<DeployKey>,
    /// Environments.
    pub environments: Vec<Environment>,
    /// Place and text of the CODEOWNERS file.
    pub codeowners: Option<(String, String)>,
    /// Workflow files.
    pub workflows: Vec<Workflow>,
    /// Webhooks.
    pub hooks: Vec<Hook>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// Runners.
    pub runners: Vec<Runner>,
    /// Invitations.
    pub invitations: Vec<Invitation>,
    /// Whether it was deleted between list and read.
    pub deleted: bool,
    /// The name it was renamed to between list and read.
    pub renamed: Option<String>,
}

/// An event of the audit log.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Action.
    pub action: String,
    /// Login of the actor.
    pub actor: String,
    /// Id of the actor.
    pub actor_id: u64,
    /// Further fields.
    pub more: serde_json::Value,
}

/// A licence of the enterprise.
#[derive(Debug, Clone, Default)]
pub struct License {
    /// Login.
    pub login: String,
    /// Name at the identity provider.
    pub saml: Option<String>,
}

/// Objects that are made as they are asked for, so that a large organisation needs no memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Made {
    /// Further members.
    pub members: usize,
    /// Further outside collaborators.
    pub outside: usize,
    /// Further teams, each with two members.
    pub teams: usize,
    /// Further repositories.
    pub repositories: usize,
    /// Every so many-th of them has a deploy key. Zero: none.
    pub key_every: usize,
    /// Every so many-th of them has an environment.
    pub environment_every: usize,
    /// Every so many-th of them has a workflow with a schedule.
    pub schedule_every: usize,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// Login of the organisation.
    pub login: String,
    /// Its id.
    pub id: u64,
    /// Its plan.
    pub plan: String,
    /// Whether it has SAML single sign-on.
    pub saml: bool,
    /// Whether its accounts are managed by the identity provider.
    pub managed: bool,
    /// Whether it has Copilot.
    pub copilot: bool,
    /// Base permission.
    pub base_permission: String,
    /// People.
    pub people: Vec<Person>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Invitations, those that failed among them.
    pub invitations: Vec<Invitation>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Identities that nobody claimed.
    pub unclaimed: Vec<String>,
    /// Authorised credentials.
    pub authorizations: Vec<Authorization>,
    /// Fine-grained tokens.
    pub tokens: Vec<Token>,
    /// Requests for such.
    pub token_requests: Vec<Token>,
    /// Apps.
    pub installations: Vec<Installation>,
    /// Webhooks.
    pub hooks: Vec<Hook>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// Runners.
    pub runners: Vec<Runner>,
    /// Seats.
    pub seats: Vec<Seat>,
    /// Repositories.
    pub repositories: Vec<Repository>,
    /// Audit log.
    pub events: Vec<Event>,
    /// Slug of the enterprise.
    pub enterprise: Option<String>,
    /// Licences.
    pub licenses: Vec<License>,
    /// Roles of the enterprise.
    pub enterprise_roles: Vec<Role>,
    /// Objects made as they are asked for.
    pub made: Made,
}

/// Ids of made people begin here.
const MADE_PEOPLE: u64 = 10_000_000;
/// Ids of made repositories begin here.
const MADE_REPOSITORIES: u64 = 20_000_000;

impl Truth {
    /// Somebody by id.
    pub fn person(&self, id: u64) -> Option<Person> {
        self.people.iter().find(|person| person.id == id).cloned().or_else(|| {
            let number = usize::try_from(id.checked_sub(MADE_PEOPLE)?).ok()?;
            (number < self.made.members + self.made.outside).then(|| self.made_person(number))
        })
    }

    /// Somebody by login.
    pub fn by_login(&self, login: &str) -> Option<Person> {
        let made = || login.strip_prefix("made-")?.parse().ok().map(|number: usize| self.made_person(number));
        self.people.iter().find(|person| person.login.eq_ignore_ascii_case(login)).cloned().or_else(made)
    }

    fn made_person(&self, number: usize) -> Person {
        let outside = number >= self.made.members;
        Person {
            id: MADE_PEOPLE + number as u64,
            login: format!("made-{number}"),
            email: String::new(),
            verified_emails: vec![format!("made-{number}@acme.example")],
            role: (!outside).then(|| String::from("MEMBER")),
            outside,
            two_factor: Some(true),
            ..Person::default()
        }
    }

    /// How many members there are.
    pub fn member_count(&self) -> usize {
        self.people.iter().filter(|person| person.role.is_some()).count() + self.made.members
    }

    /// Members from a position on.
    pub fn members(&self, from: usize, count: usize) -> Vec<Person> {
        let listed: Vec<&Person> = self.people.iter().filter(|person| person.role.is_some()).collect();
        (from..(from + count).min(self.member_count()))
            .map(|at| listed.get(at).map_or_else(|| self.made_person(at - listed.len()), |person| (*person).clone()))
            .collect()
    }

    /// How many outside collaborators there are.
    pub fn outside_count(&self) -> usize {
        self.people.iter().filter(|person| person.outside).count() + self.made.outside
    }

    /// Outside collaborators from a position on.
    pub fn outside(&self, from: usize, count: usize) -> Vec<Person> {
        let listed: Vec<&Person> = self.people.iter().filter(|person| person.outside).collect();
        (from..(from + count).min(self.outside_count()))
            .map(|at| {
                let made = || self.made_person(self.made.members + at - listed.len());
                listed.get(at).map_or_else(made, |person| (*person).clone())
            })
            .collect()
    }

    /// How many teams there are.
    pub fn team_count(&self) -> usize {
        self.teams.len() + self.made.teams
    }

    /// A team by its position.
    pub fn team(&self, at: usize) -> Team {
        self.teams.get(at).cloned().unwrap_or_else(|| {
            let number = at - self.teams.len();
            let member = |offset: usize| MADE_PEOPLE + ((number * 2 + offset) % self.made.members.max(2)) as u64;
            Team {
                id: 30_000_000 + number as u64,
                slug: format!("made-{number}"),
                members: vec![(member(0), String::from("MAINTAINER")), (member(1), String::from("MEMBER"))],
                rights: vec![String::from("WRITE")],
                ..Team::default()
            }
        })
    }

    /// How many repositories the list shows.
    pub fn repository_count(&self) -> usize {
        self.repositories.len() + self.made.repositories
    }

    /// A repository by its position.
    pub fn repository(&self, at: usize) -> Repository {
        self.repositories.get(at).cloned().unwrap_or_else(|| self.made_repository(at - self.repositories.len()))
    }

    fn made_repository(&self, number: usize) -> Repository {
        let has = |every: usize| every > 0 && number.is_multiple_of(every);
        let id = MADE_REPOSITORIES + number as u64;
        let key = DeployKey {
            id,
            key: super::usual::key_line(usize::try_from(id).unwrap_or(0)),
            title: String::from("deploy"),
            read_only: true,
            added_by: Some(String::from("made-0")),
            enabled: true,
            ..DeployKey::default()
        };
        let environment = Environment { id, name: String::from("production"), ..Environment::default() };
        let workflow = Workflow {
            file: String::from("nightly.yml"),
            text: String::from("on:\n  schedule:\n    - cron: '0 2 * * *'\n"),
            state: String::from("active"),
            author: String::from("made-0"),
        };
        Repository {
            id,
            name: format!("made-{number}"),
            collaborators: vec![(MADE_PEOPLE + (number % self.made.members.max(1)) as u64, String::from("WRITE"))],
            keys: has(self.made.key_every).then_some(key).into_iter().collect(),
            environments: has(self.made.environment_every).then_some(environment).into_iter().collect(),
            workflows: has(self.made.schedule_every).then_some(workflow).into_iter().collect(),
            ..Repository::default()
        }
    }

    /// A repository by its name now.
    pub fn repository_named(&self, name: &str) -> Option<Repository> {
        let known = self
            .repositories
            .iter()
            .find(|repository| !repository.deleted && repository.renamed.as_ref().unwrap_or(&repository.name) == name);
        let made = || {
            let number: usize = name.strip_prefix("made-")?.parse().ok()?;
            (number < self.made.repositories).then(|| self.made_repository(number))
        };
        known.cloned().or_else(made)
    }

    /// A repository by the id that never changes.
    pub fn repository_by_id(&self, id: u64) -> Option<Repository> {
        let made = || {
            let number = usize::try_from(id.checked_sub(MADE_REPOSITORIES)?).ok()?;
            (number < self.made.repositories).then(|| self.made_repository(number))
        };
        self.repositories.iter().find(|repository| repository.id == id).cloned().or_else(made)
    }
}

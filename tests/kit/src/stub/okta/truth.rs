//! The truth of an organisation, in Okta's words.

use std::collections::BTreeSet;

/// A user. Times are RFC 3339 as Okta writes them.
#[derive(Debug, Clone)]
pub struct OktaUser {
    /// `00u…`.
    pub id: String,
    /// One of Okta's status words, or any other where a test asks what becomes of it.
    pub status: String,
    /// Login, an address as a rule.
    pub login: String,
    /// Primary address.
    pub email: String,
    /// Second address.
    pub second_email: Option<String>,
    /// Given and family name.
    pub name: (String, String),
    /// Number in the roster.
    pub employee_number: Option<String>,
    /// Custom attributes of the profile.
    pub custom: Vec<(String, serde_json::Value)>,
    /// When it was made.
    pub created: String,
    /// Since when the status holds.
    pub status_changed: Option<String>,
    /// Last sign-in.
    pub last_login: Option<String>,
    /// When the password was last set.
    pub password_changed: Option<String>,
    /// `OKTA`, `ACTIVE_DIRECTORY`, `LDAP`, `FEDERATION`, `SOCIAL`, `IMPORT`.
    pub provider: String,
    /// Whether Okta holds a password.
    pub has_password: bool,
    /// `VERIFIED` or `UNVERIFIED`; `None` leaves the list of addresses out, as older organisations do.
    pub email_status: Option<String>,
}

impl OktaUser {
    /// An active user with a password of their own.
    pub fn new(id: &str, login: &str) -> Self {
        Self {
            id: String::from(id),
            status: String::from("ACTIVE"),
            login: String::from(login),
            email: String::from(login),
            second_email: None,
            name: (String::from("Given"), String::from("Family")),
            employee_number: None,
            custom: Vec::new(),
            created: String::from("2024-01-15T09:00:00.000Z"),
            status_changed: Some(String::from("2024-01-15T09:05:00.000Z")),
            last_login: None,
            password_changed: Some(String::from("2025-02-03T10:00:00.000Z")),
            provider: String::from("OKTA"),
            has_password: true,
            email_status: Some(String::from("VERIFIED")),
        }
    }

    /// The same in another state.
    #[must_use]
    pub fn in_state(mut self, status: &str, since: &str) -> Self {
        self.status = String::from(status);
        self.status_changed = Some(String::from(since));
        self
    }
}

/// An application.
#[derive(Debug, Clone)]
pub struct OktaApp {
    /// `0oa…`; of an OAuth application also its client id.
    pub id: String,
    /// Name in the catalogue.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `SAML_2_0`, `OPENID_CONNECT`, ...
    pub sign_on_mode: String,
}

impl OktaApp {
    /// An active application.
    pub fn new(id: &str, label: &str, sign_on_mode: &str) -> Self {
        Self {
            id: String::from(id),
            name: label.to_ascii_lowercase().replace(' ', "_"),
            label: String::from(label),
            status: String::from("ACTIVE"),
            sign_on_mode: String::from(sign_on_mode),
        }
    }
}

/// Somebody's assignment to an application.
#[derive(Debug, Clone)]
pub struct OktaAssignment {
    /// Application.
    pub app: String,
    /// User.
    pub user: String,
    /// One of Okta's status words.
    pub status: String,
    /// `USER` or `GROUP`.
    pub scope: String,
    /// `DISABLED`, `SYNCHRONIZED`, `ERROR`, ...
    pub sync_state: String,
    /// When it was made.
    pub created: String,
}

impl OktaAssignment {
    /// A direct, active assignment.
    pub fn new(app: &str, user: &str) -> Self {
        Self {
            app: String::from(app),
            user: String::from(user),
            status: String::from("ACTIVE"),
            scope: String::from("USER"),
            sync_state: String::from("DISABLED"),
            created: String::from("2024-02-01T08:00:00.000Z"),
        }
    }
}

/// A group with its members.
#[derive(Debug, Clone)]
pub struct OktaGroup {
    /// `00g…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `BUILT_IN`, `OKTA_GROUP`, `APP_GROUP`.
    pub kind: String,
    /// Ids of users. The group of everybody needs none: every user is in it.
    pub members: BTreeSet<String>,
}

/// An administrator role of a user or group.
#[derive(Debug, Clone)]
pub struct OktaRole {
    /// Id of the assignment.
    pub id: String,
    /// `SUPER_ADMIN`, ..., `CUSTOM`.
    pub kind: String,
    /// Label.
    pub label: String,
    /// Id of a user (`00u…`), group (`00g…`) or client (`0oa…`).
    pub assignee: String,
    /// For custom roles: id of the role and of its resource set.
    pub custom: Option<(String, String)>,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
}

impl OktaRole {
    /// An active assignment of a standard role.
    pub fn standard(id: &str, kind: &str, assignee: &str) -> Self {
        Self {
            id: String::from(id),
            kind: String::from(kind),
            label: kind.to_ascii_lowercase().replace('_', " "),
            assignee: String::from(assignee),
            custom: None,
            status: String::from("ACTIVE"),
        }
    }
}

/// An API token.
#[derive(Debug, Clone)]
pub struct OktaApiToken {
    /// `00T…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// User who made it.
    pub user: String,
    /// When it was made.
    pub created: String,
    /// Last renewal.
    pub last_updated: String,
    /// When it ends unless it is used.
    pub expires_at: String,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub struct OktaRefreshToken {
    /// `oar…`.
    pub id: String,
    /// `ACTIVE` or `REVOKED`.
    pub status: String,
    /// Application.
    pub client: String,
    /// User.
    pub user: String,
    /// Authorization server that issued it; `None` for the organisation's own.
    pub server: Option<String>,
    /// When it was made.
    pub created: String,
    /// When it ends.
    pub expires_at: Option<String>,
}

/// A consent.
#[derive(Debug, Clone)]
pub struct OktaGrant {
    /// `oag…`.
    pub id: String,
    /// `ACTIVE` or `REVOKED`.
    pub status: String,
    /// Application.
    pub client: String,
    /// Scope.
    pub scope: String,
    /// The user who gave it for themselves; `None`: an administrator for everybody.
    pub user: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created: String,
}

/// A factor.
#[derive(Debug, Clone)]
pub struct OktaFactor {
    /// Id.
    pub id: String,
    /// User.
    pub user: String,
    /// `push`, `sms`, `webauthn`, ...
    pub kind: String,
    /// One of Okta's status words.
    pub status: String,
    /// When it was enrolled.
    pub created: String,
}

/// A device bound to a user.
#[derive(Debug, Clone)]
pub struct OktaDevice {
    /// `guo…`.
    pub id: String,
    /// User.
    pub user: String,
    /// One of Okta's status words.
    pub status: String,
    /// Name.
    pub name: String,
    /// When it was bound.
    pub created: String,
}

/// An event of the system log.
#[derive(Debug, Clone)]
pub struct OktaEvent {
    /// When.
    pub published: String,
    /// `user.session.start`, ...
    pub kind: String,
    /// Who.
    pub actor: String,
    /// On whom.
    pub target: Option<String>,
    /// `SUCCESS`, `FAILURE`, ...
    pub result: String,
    /// Id of the API token it was asked with.
    pub token: Option<String>,
}

impl OktaEvent {
    /// A success.
    pub fn new(published: &str, kind: &str, actor: &str) -> Self {
        Self {
            published: String::from(published),
            kind: String::from(kind),
            actor: String::from(actor),
            target: None,
            result: String::from("SUCCESS"),
            token: None,
        }
    }
}

/// A rule of a sign-on policy: state, access, longest life of a session in minutes.
pub type OktaSignOnRule = (String, String, Option<u64>);

/// An organisation.
#[derive(Debug, Clone)]
pub struct OktaOrg {
    /// `00o…`.
    pub id: String,
    /// First label of its address.
    pub subdomain: String,
    /// `idx` or `v1`.
    pub pipeline: String,
    /// Users in every state.
    pub users: Vec<OktaUser>,
    /// Applications.
    pub apps: Vec<OktaApp>,
    /// Assignments.
    pub assignments: Vec<OktaAssignment>,
    /// Groups.
    pub groups: Vec<OktaGroup>,
    /// Administrator roles.
    pub roles: Vec<OktaRole>,
    /// Custom roles with their permissions.
    pub custom_roles: Vec<(String, Vec<String>)>,
    /// API tokens.
    pub api_tokens: Vec<OktaApiToken>,
    /// Refresh tokens.
    pub refresh_tokens: Vec<OktaRefreshToken>,
    /// Consents.
    pub grants: Vec<OktaGrant>,
    /// Factors.
    pub factors: Vec<OktaFactor>,
    /// Devices.
    pub devices: Vec<OktaDevice>,
    /// System log, in any order.
    pub events: Vec<OktaEvent>,
    /// Authorization servers: id and name. `None`: the feature was not bought.
    pub servers: Option<Vec<(String, String)>>,
    /// Sign-on policies: id, state, rules.
    pub policies: Vec<(String, String, Vec<OktaSignOnRule>)>,
}

impl OktaOrg {
    /// An organisation with nobody in it.
    pub fn empty(id: &str, subdomain: &str) -> Self {
        Self {
            id: String::from(id),
            subdomain: String::from(subdomain),
            pipeline: String::from("idx"),
            users: Vec::new(),
            apps: Vec::new(),
            assignments: Vec::new(),
            groups: Vec::new(),
            roles: Vec::new(),
            custom_roles: Vec::new(),
            api_tokens: Vec::new(),
            refresh_tokens: Vec::new(),
            grants: Vec::new(),
            factors: Vec::new(),
            devices: Vec::new(),
            events: Vec::new(),
            servers: Some(Vec::new()),
            policies: Vec::new(),
        }
    }

    /// Whether a user is in a group: everybody is in the group of everybody.
    pub(super) fn is_member(&self, group: &OktaGroup, user: &str) -> bool {
        let gone = self.users.iter().any(|own| own.id == user && own.status == "DEPROVISIONED");
        let everybody = group.kind == "BUILT_IN" && group.name == "Everyone";
        !gone && (everybody || group.members.contains(user))
    }

    /// Roles of a user: their own, and those of their groups.
    pub(super) fn roles_of(&self, user: &str) -> Vec<&OktaRole> {
        let in_group = |id: &str| self.groups.iter().any(|group| group.id == id && self.is_member(group, user));
        self.roles.iter().filter(|role| role.assignee == user || in_group(&role.assignee)).collect()
    }
}

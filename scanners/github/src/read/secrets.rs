//! Secrets of Actions, Dependabot and Codespaces: names and times, never values.

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, ScopeName, Status, Subtype};
use serde::Deserialize;

use crate::hub::Hub;
use crate::read::audit::{self, Keeper, Made, Named};
use crate::scopes;
use crate::settings::Edition;
use crate::text::{clean, time};

/// A secret, of which the platform shows no value.
#[derive(Debug, Deserialize)]
pub(crate) struct Secret {
    name: String,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    updated_at: Option<DateTime<Utc>>,
    #[serde(default)]
    visibility: Option<String>,
}

/// Whose secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// GitHub Actions.
    Actions,
    /// Dependabot.
    Dependabot,
    /// Codespaces.
    Codespaces,
}

impl Sort {
    /// Segment of the path.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Dependabot => "dependabot",
            Self::Codespaces => "codespaces",
        }
    }

    /// Scope of those of the organisation.
    pub(crate) fn scope(self) -> &'static str {
        match self {
            Self::Actions => scopes::ACTIONS_SECRETS,
            Self::Dependabot => scopes::DEPENDABOT_SECRETS,
            Self::Codespaces => scopes::CODESPACES_SECRETS,
        }
    }

    /// Whether the edition has them at all.
    pub(crate) fn offered(self, hub: &Hub) -> Result<(), Cause> {
        if self != Self::Codespaces {
            return Ok(());
        }
        if hub.settings.edition == Edition::Server {
            return Err(Cause::NotSupported { what: String::from("GitHub Enterprise Server has no Codespaces") });
        }
        Ok(())
    }
}

/// Where a secret of a repository is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// Id of the repository.
    pub(crate) repository: u64,
    /// Its name.
    pub(crate) name: &'a str,
    /// The environment, where it is one's.
    pub(crate) environment: Option<&'a str>,
}

/// One secret.
pub(crate) fn access(
    hub: &Hub,
    scope: &ScopeName,
    sort: Sort,
    kept: Option<Kept<'_>>,
    place: &str,
    secret: &Secret,
) -> Access {
    let word = sort.segment();
    let id = match kept {
        None => format!("{word}-secret/{}", secret.name),
        Some(Kept { repository, environment: None, .. }) => format!("{repository}/{word}-secret/{}", secret.name),
        Some(Kept { repository, environment: Some(environment), .. }) => {
            format!("{repository}/{environment}/{word}-secret/{}", secret.name)
        }
    };
    let mut access = Access::new(scope.clone(), AccessKind::SharedSecret, GrantId::from(id), Status::Enabled);
    access.grant_display = Some(format!("{word} secret {} of {place}", clean(&secret.name, 120)));
    access.subtype = Some(Subtype::CiSecret);
    access.target = Some(match &secret.visibility {
        Some(visibility) => format!("{place}, visible to {} repositories", clean(visibility, 40)),
        None => String::from(place),
    });
    access.privilege = Privilege::Unknown;
    access.privilege_reason = Some(String::from("what the secret opens is not known here"));
    access.created_at = time(secret.created_at);
    // A new value is the only thing that changes a secret's time.
    access.rotated_at = time(secret.updated_at);
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("GitHub does not show the use of a secret"));
    access.evidence.push(String::from(
        "whoever may write to the repository, and every administrator, can have read it through a job; GitHub lists neither them nor its author",
    ));
    // The events that are asked for are those of Actions: a secret of the same name elsewhere is another.
    if sort == Sort::Actions {
        audit::attach(hub, &mut access, &made(kept, &secret.name));
    }
    access
}

/// How the audit log names a secret of Actions: by the repository's id, or by its name where an event has no id.
fn made(kept: Option<Kept<'_>>, name: &str) -> Vec<Made> {
    let Some(kept) = kept else { return vec![Made::secret(Keeper::Organisation, name)] };
    let keeper = |named: Named| match kept.environment {
        None => Keeper::Repository(named),
        Some(_) => Keeper::Environment(named),
    };
    [Named::Id(kept.repository), Named::name(kept.name)].map(|named| Made::secret(keeper(named), name)).to_vec()
}

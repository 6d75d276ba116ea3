//! Outside collaborators: people who are no members and may still reach repositories.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Relation, Status, Subtype};
use serde::Deserialize;

use crate::hub::{scope, somebody};
use crate::list::{self, List};
use crate::read::members::offer;
use crate::scopes;
use crate::told::{Told, Work};

/// Somebody in a list of people.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Person {
    /// Immutable id.
    pub(crate) id: u64,
    /// Login.
    pub(crate) login: String,
}

/// Reads the scope.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::OUTSIDE_COLLABORATORS);
    let list = List::array(&scope, vec!["orgs", work.hub.login(), "outside_collaborators"]);
    let tell = &mut |person: Person, told: &mut Told| {
        work.hub.remember(&person.login, person.id);
        work.hub.remember_outside(person.id);
        let holder = somebody(Relation::Holder, person.id, &person.login);
        let grant = GrantId::from(person.id.to_string());
        let mut access = Access::new(scope.clone(), AccessKind::Account, grant, Status::Enabled);
        access.grant_display = Some(person.login);
        access.subtype = Some(Subtype::ExternalCollaborator);
        access.target = Some(format!("repositories of organization {}", work.hub.login()));
        access.created_at = Fact::Hidden(String::from("GitHub does not show when somebody became a collaborator"));
        access.last_used_at = Fact::Hidden(String::from("GitHub shows no last activity of a collaborator"));
        access
            .evidence
            .push(String::from("reaches single repositories: which ones stands in repository-collaborators"));
        for kind in [scopes::SSH_KEYS, scopes::GPG_KEYS, scopes::AUDIT_LOG] {
            told.offers.extend(offer(work, kind, person.id, &holder));
        }
        access.holders.push(holder);
        told.records.push(access);
    };
    let whole = list::read(work, &list, tell).await?;
    whole.seal(work, &scope).await
}
